package query

import "github.com/otelusage/usageprocessor/internal/usage"

// stretch is a time that buckets of one granularity make up, in Unix seconds.
type stretch struct {
	usage.Granularity
	from, until int64
}

// visitor is given a row of a bucket, which is valid during the call.
type visitor func(usage.Period, *usage.HistoryRow) error

// visit calls f with every row of the buckets that begin in the stretch: one that stands
// across its ends is part of one stretch only.
func (s stretch) visit(src Source, f visitor) error {
	return src.History(s.Granularity, s.from, s.until, func(p usage.Period, row *usage.HistoryRow) error {
		if p.Start < s.from || p.Start >= s.until {
			return nil
		}
		return f(p, row)
	})
}

// visitTime calls f with every row of a time that begins and ends with hours, or never: with
// those of days that lie wholly inside, so that a year is not read hour by hour, and then
// with those of hours that begin in the time and in none of these days. Days of another time
// zone may stand across the ends, which hours are read for, as far as they were kept.
func visitTime(src Source, from, until int64, f visitor) error {
	if until == 0 {
		_, until = src.Calendar().Day(seconds(src.Moment()))
	}
	t := inside{from: from, until: until, covered: from}
	if err := t.visit(src, f); err != nil {
		return err
	}
	for _, s := range t.rest() {
		if err := s.visit(src, f); err != nil {
			return err
		}
	}
	return nil
}

// inside tells days that lie in a time from its other hours, in Unix seconds.
type inside struct {
	from, until int64
	day         usage.Period // taken last
	whole       bool         // it lies inside
	covered     int64        // by days, and by gaps, up to here
	gaps        []stretch    // before and between the days
}

// visit calls f with every row of the days. They are looked for between the first and the last
// midnight only: what stands across the ends need not be read.
func (t *inside) visit(src Source, f visitor) error {
	c, first := src.Calendar(), t.from
	if start, end := c.Day(first); first != 0 && start != first {
		first = end
	}
	last, _ := c.Day(t.until)
	if first >= last {
		return nil
	}
	return src.History(usage.Daily, first, last, func(p usage.Period, row *usage.HistoryRow) error {
		if p != t.day {
			t.take(p)
		}
		if !t.whole {
			return nil
		}
		return f(p, row)
	})
}

// take looks at the next day. Where days of two zones overlap, the first has the hours.
func (t *inside) take(day usage.Period) {
	start := max(day.Start, t.day.End)
	t.day, t.whole = day, start >= t.from && day.End <= t.until
	if !t.whole {
		return
	}
	if t.covered < start {
		t.gaps = append(t.gaps, stretch{usage.Hourly, t.covered, start})
	}
	t.covered = day.End
}

// rest is what no day covers.
func (t *inside) rest() []stretch {
	if t.covered < t.until {
		t.gaps = append(t.gaps, stretch{usage.Hourly, t.covered, t.until})
	}
	return t.gaps
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
