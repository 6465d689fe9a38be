package query

import "github.com/otelusage/usageprocessor/internal/usage"

// stretch is a time that buckets of one granularity make up, in Unix seconds.
type stretch struct {
	usage.Granularity
	from, until int64
}

// visit calls f with every row of the buckets that begin in the stretch: those of days
// of another time zone, which may stand across its ends, count once.
func (s stretch) visit(src Source, f func(usage.Period, *usage.HistoryRow) error) error {
	return src.History(s.Granularity, s.from, s.until, func(p usage.Period, row *usage.HistoryRow) error {
		if p.Start < s.from || p.Start >= s.until {
			return nil
		}
		return f(p, row)
	})
}

// stretches cover a time that begins and ends with hours, or never: whole days by days, what is
// left of the first and the last one by hours.
func stretches(src Source, from, until int64) []stretch {
	c := src.Calendar()
	if until == 0 {
		_, until = c.Day(seconds(src.Moment()))
	}
	first, last := from, until // of whole days
	if start, end := c.Day(from); from != 0 && start != from {
		first = end
	}
	if start, _ := c.Day(until); start != until {
		last = start
	}
	if first >= last {
		return []stretch{{usage.Hourly, from, until}}
	}
	list := make([]stretch, 0, 3)
	for _, s := range []stretch{{usage.Hourly, from, first}, {usage.Daily, first, last}, {usage.Hourly, last, until}} {
		if s.from < s.until {
			list = append(list, s)
		}
	}
	return list
}

// wholeHours is a time that grows until it begins and ends with an hour; 0 is no bound.
func wholeHours(c *usage.Calendar, from, until int64) (int64, int64) {
	if from != 0 {
		from, _ = c.Hour(from)
	}
	if until != 0 {
		_, until = c.Hour(until - 1)
	}
	return from, until
}

// wholeDays is the same with days.
func wholeDays(c *usage.Calendar, from, until int64) (int64, int64) {
	if from != 0 {
		from, _ = c.Day(from)
	}
	if until != 0 {
		_, until = c.Day(until - 1)
	}
	return from, until
}

// seconds is the wall clock's time in Unix seconds.
func seconds(m usage.Moment) int64 { return m.Wall / billion }
