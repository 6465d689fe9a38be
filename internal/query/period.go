package query

import (
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// ParsePeriod turns the name of a period into its bounds, in Unix seconds: `today` (or
// `daily`), `7days`, `30days` (with today), `this_week` (or `week`, `weekly`), `this_month`
// (or `month`, `monthly`) and `all` (or `all_time`), which has no bounds. They end where
// what is counted now ends.
func ParsePeriod(name string, clock Clock) (from, until int64, err error) {
	c, now := clock.Calendar(), seconds(clock.Moment())
	_, until = c.Day(now)
	switch name {
	case "today", "daily":
		from, _ = c.Day(now)
	case "7days":
		from = daysBefore(c, now, 7)
	case "30days":
		from = daysBefore(c, now, 30)
	case "this_week", "week", "weekly":
		from, _ = c.Week(now)
	case "this_month", "thisMonth", "month", "monthly":
		from, _ = c.Month(now)
	case "all", "all_time", "allTime":
		return 0, 0, nil
	default:
		return 0, 0, inputError("period", "is %q; it is one of: today, 7days, 30days, this_week, this_month, "+
			"daily, weekly, monthly, all", name)
	}
	return from, until, nil
}

// daysBefore is when the first of the days up to a time begins.
func daysBefore(c *usage.Calendar, at int64, days int) int64 {
	start, _ := c.Day(at)
	for range days - 1 {
		start, _ = c.Day(start - 1)
	}
	return start
}

// ParseTime reads a time of RFC 3339, or a date such as 2006-01-02, which is one of the
// calendar. It returns the bounds of what was given, in Unix seconds: a date is a
// whole day, and a fraction of a second a whole second.
func ParseTime(parameter, text string, c *usage.Calendar) (start, end int64, err error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		// At noon it is the same day in any case.
		noon := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, c.Zone())
		start, end = c.Day(noon.Unix())
	} else {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return 0, 0, inputError(parameter, "is %q; it is a time such as 2006-01-02T15:04:05Z or a date such as 2006-01-02", text)
		}
		start = t.Unix()
		end = start
		if t.Nanosecond() > 0 {
			end++
		}
	}
	if start <= 0 {
		return 0, 0, inputError(parameter, "is %q, which is not after 1970-01-01", text)
	}
	return start, end, nil
}
