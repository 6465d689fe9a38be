package meter

import (
	"cmp"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// bucket is what an hour or a day is made of.
type bucket struct {
	usage.Period
	list  *usage.History // that the files are of
	files []usage.HistoryFile
	hours []int64 // that have no file
}

func before(a, b usage.Period) bool { return comparePeriods(a, b) < 0 }

func comparePeriods(a, b usage.Period) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
}

// buckets lists what overlaps a stretch of time, oldest first. An hour that gets its file
// between the two looks is in both lists, and in memory no more when it is read.
func (v *View) buckets(g usage.Granularity, from, until int64) []bucket {
	open, list := v.engine.OpenHours(), v.engine.History()
	found := bucketList{granularity: g, calendar: v.calendar, list: &list, at: map[usage.Period]int{}}
	if v.files != nil {
		for i := range list.Files {
			found.file(&list.Files[i])
		}
	}
	for _, hour := range open {
		b := found.of(hour)
		b.hours = append(b.hours, hour.Start)
	}
	found.buckets = slices.DeleteFunc(found.buckets, func(b bucket) bool {
		return b.End <= from || until != 0 && b.Start >= until
	})
	slices.SortFunc(found.buckets, func(a, b bucket) int { return comparePeriods(a.Period, b.Period) })
	return found.buckets
}

// bucketList gathers what buckets are made of.
type bucketList struct {
	granularity usage.Granularity
	calendar    *usage.Calendar
	list        *usage.History
	buckets     []bucket
	at          map[usage.Period]int
}

// of is the bucket that an hour or a day is a part of.
func (l *bucketList) of(p usage.Period) *bucket {
	if l.granularity == usage.Daily && p.Granularity == usage.Hourly {
		p = dayOf(l.calendar, p.Start)
	}
	n, ok := l.at[p]
	if !ok {
		n = len(l.buckets)
		l.at[p] = n
		l.buckets = append(l.buckets, bucket{Period: p, list: l.list})
	}
	return &l.buckets[n]
}

// file adds a file to the bucket that it is of: among days, hours count that are in none.
func (l *bucketList) file(f *usage.HistoryFile) {
	if l.granularity == usage.Hourly && f.Granularity != usage.Hourly || l.granularity == usage.Daily && l.list.Rolled(f) {
		return
	}
	b := l.of(f.Period)
	b.files = append(b.files, *f)
}

// dayOf is the day in which something begins.
func dayOf(c *usage.Calendar, at int64) usage.Period {
	start, end := c.Day(at)
	return usage.Period{Granularity: usage.Daily, Start: start, End: end}
}
