package usage

import "time"

// Calendar tells where hours, days, weeks and months begin and end in a time zone. It
// is immutable. All times are Unix seconds.
//
// Whatever clocks do, each of them is one stretch of time and the next one begins where
// it ends: a day begins when the clock first shows it, or a later one. Where it was set
// back over midnight after that, the day goes on.
type Calendar struct{ zone *time.Location }

// NewCalendar returns the calendar of a time zone.
func NewCalendar(zone *time.Location) *Calendar { return &Calendar{zone: zone} }

// Zone is the calendar's time zone.
func (c *Calendar) Zone() *time.Location { return c.zone }

const (
	secondsPerHour = 60 * 60
	secondsPerDay  = 24 * secondsPerHour
)

// Hour returns the bounds of the hour that a time is in. Where clocks are changed
// within an hour, each part is an hour of its own.
func (c *Calendar) Hour(at int64) (start, end int64) {
	offset := c.offset(at)
	past := (at + offset) % secondsPerHour
	if past < 0 {
		past += secondsPerHour
	}
	start, end = at-past, at-past+secondsPerHour
	if c.offset(start) != offset {
		start = c.change(start, at)
	}
	if c.offset(end-1) != offset {
		end = c.change(at, end-1)
	}
	return start, end
}

// Day returns the bounds of the day that a time is in: 23 to 25 hours, or others where
// a zone was moved.
func (c *Calendar) Day(at int64) (start, end int64) {
	day := c.dayOf(at)
	return c.midnight(day), c.midnight(day.AddDate(0, 0, 1))
}

// Week returns the bounds of the week that a time is in. It begins on Monday (ISO 8601).
func (c *Calendar) Week(at int64) (start, end int64) {
	day := c.dayOf(at)
	monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	return c.midnight(monday), c.midnight(monday.AddDate(0, 0, 7))
}

// Month returns the bounds of the month that a time is in.
func (c *Calendar) Month(at int64) (start, end int64) {
	y, m, _ := c.dayOf(at).Date()
	first := time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
	return c.midnight(first), c.midnight(first.AddDate(0, 1, 0))
}

// dayOf is the day that a time is in, as what is its midnight in UTC.
func (c *Calendar) dayOf(at int64) time.Time {
	y, m, d := time.Unix(at, 0).In(c.zone).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	for next := day.AddDate(0, 0, 1); c.midnight(next) <= at; next = next.AddDate(0, 0, 1) {
		day = next // the clock has shown it before
	}
	return day
}

// midnight is when the clock first shows a day, or a later one.
func (c *Calendar) midnight(day time.Time) int64 {
	shown := day.Unix()
	for at := shown - secondsPerDay; ; {
		offset := c.offset(at)
		due := shown - offset
		if due <= at {
			return at // clocks went forward over it
		}
		if c.offset(due) == offset {
			return due
		}
		at = c.change(at, due)
	}
}

// offset is how far the zone's clock is ahead of UTC.
func (c *Calendar) offset(at int64) int64 {
	_, offset := time.Unix(at, 0).In(c.zone).Zone()
	return int64(offset)
}

// change is when the offset became what it is at until, which it is not at from.
// [time.Time.ZoneBounds] cannot be asked: where rules go on for ever it ends at the years
// of UTC, and leap years a day too early.
func (c *Calendar) change(from, until int64) int64 {
	offset := c.offset(until)
	for until-from > 1 {
		if middle := from + (until-from)/2; c.offset(middle) == offset {
			until = middle
		} else {
			from = middle
		}
	}
	return until
}
