package usage

import "time"

// Calendar tells where hours, days, weeks and months begin and end in a time zone. It
// is immutable. All times are Unix seconds.
type Calendar struct{ zone *time.Location }

// NewCalendar returns the calendar of a time zone.
func NewCalendar(zone *time.Location) *Calendar { return &Calendar{zone: zone} }

// Zone is the calendar's time zone.
func (c *Calendar) Zone() *time.Location { return c.zone }

const secondsPerHour = 60 * 60

// Hour returns the bounds of the hour that a time is in. Where clocks are changed
// within an hour, each part is an hour of its own.
func (c *Calendar) Hour(at int64) (start, end int64) {
	t := time.Unix(at, 0).In(c.zone)
	_, offset := t.Zone()
	local := at + int64(offset)
	past := local % secondsPerHour
	if past < 0 {
		past += secondsPerHour
	}
	start, end = at-past, at-past+secondsPerHour
	from, until := t.ZoneBounds()
	if !from.IsZero() {
		start = max(start, from.Unix())
	}
	if !until.IsZero() {
		end = min(end, until.Unix())
	}
	return start, end
}

// Day returns the bounds of the day that a time is in: 23 to 25 hours, or others where
// a zone was moved.
func (c *Calendar) Day(at int64) (start, end int64) {
	y, m, d := time.Unix(at, 0).In(c.zone).Date()
	return c.between(c.midnight(y, m, d), c.midnight(y, m, d+1))
}

// Week returns the bounds of the week that a time is in. It begins on Monday (ISO 8601).
func (c *Calendar) Week(at int64) (start, end int64) {
	t := time.Unix(at, 0).In(c.zone)
	y, m, d := t.Date()
	d -= (int(t.Weekday()) + 6) % 7
	return c.between(c.midnight(y, m, d), c.midnight(y, m, d+7))
}

// Month returns the bounds of the month that a time is in.
func (c *Calendar) Month(at int64) (start, end int64) {
	y, m, _ := time.Unix(at, 0).In(c.zone).Date()
	return c.between(c.midnight(y, m, 1), c.midnight(y, m+1, 1))
}

func (*Calendar) between(start, end time.Time) (int64, int64) { return start.Unix(), end.Unix() }

// midnight is when a day begins: where clocks go forward at midnight, that is later
// than 00:00, which there is none of.
func (c *Calendar) midnight(y int, m time.Month, d int) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, c.zone)
	if h := t.Hour(); h != 0 {
		// time.Date gives a time that is right on one side of the change.
		from, until := t.ZoneBounds()
		if h > 12 { // the evening before
			return until
		}
		return from
	}
	return t
}
