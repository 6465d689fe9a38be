package page

import (
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// period is what the page shows: a day, a week or a month of the calendar, up to now.
type period struct {
	name, label string
	granularity usage.Granularity
	bounds      func(c *usage.Calendar, at int64) (start, end int64)
}

func periods() []period {
	return []period{
		{"today", "Today", usage.Hourly, (*usage.Calendar).Day},
		{"week", "This week", usage.Daily, (*usage.Calendar).Week},
		{"month", "This month", usage.Daily, (*usage.Calendar).Month},
	}
}

// title is what the period is called, with its bounds.
func (p *period) title(from, until time.Time) string {
	last := until.Add(-time.Second)
	switch {
	case p.name == "today":
		return from.Format("Monday, 2 January 2006")
	case p.name == "month":
		return from.Format("January 2006")
	case from.Month() == last.Month():
		return from.Format("2") + last.Format(" to 2 January 2006")
	default:
		return from.Format("2 January") + last.Format(" to 2 January 2006")
	}
}

// bucketName names a bucket in full. Where clocks are set back an hour comes twice: the
// abbreviation of the zone tells which.
func bucketName(p usage.Period, zone *time.Location) string {
	start, end := time.Unix(p.Start, 0).In(zone), time.Unix(p.End, 0).In(zone)
	if p.Granularity == usage.Daily {
		return start.Format("Mon 2 Jan")
	}
	return start.Format("Mon 2 Jan, 15:04 to ") + end.Format("15:04 MST")
}

// tick is the text below a bucket; empty where there would be too much of it. Minor
// ones are left out where there is little room.
func (p *period) tick(bucket usage.Period, zone *time.Location) (text string, minor bool) {
	start := time.Unix(bucket.Start, 0).In(zone)
	switch p.name {
	case "today":
		if start.Minute() != 0 || start.Hour()%3 != 0 {
			return "", false
		}
		return start.Format("15:04"), start.Hour()%6 != 0
	case "week":
		return start.Format("Mon 2"), start.Weekday()%2 == 0 && start.Weekday() != time.Sunday
	default:
		if day := start.Day(); day != 1 && day%5 != 0 {
			return "", false
		}
		return start.Format("2"), false
	}
}
