package query

import (
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Recent is how a provider has been doing: all in all, and in each of the last hours.
type Recent struct {
	Success  int64          `json:"success"`
	Failed   int64          `json:"failed"`
	Requests []RecentBucket `json:"recent_requests"`
}

// RecentBucket is an hour of local time; also one in which there was nothing.
type RecentBucket struct {
	Time    string `json:"time"` // HH:MM-HH:MM
	Success int64  `json:"success"`
	Failed  int64  `json:"failed"`
}

// maxRecent bounds how many hours are told of one by one.
const maxRecent = 168

// RecentRequests tells, by provider, how requests have ended. Of the last hours there are as many
// as are asked for, the one that it is now last.
func RecentRequests(src Source, hours int) (map[string]*Recent, error) {
	if hours < 1 || hours > maxRecent {
		return nil, inputError("hours", "is %d; it is a number from 1 to %d", hours, maxRecent)
	}
	r := Request{Kind: usage.Provider, GroupBy: []string{usage.AttrProvider}, OrderBy: byName}
	all, err := Series(src, r)
	if err != nil {
		return nil, err
	}
	r.From, r.Until = lastHours(src, hours)
	points, err := Timeline(src, r, usage.Hourly)
	if err != nil {
		return nil, err
	}
	list := map[string]*Recent{}
	of := func(row *Row) *Recent {
		name := orElse(row.Attribute(usage.AttrProvider), usage.Unknown)
		if list[name] == nil {
			list[name] = newRecent(points, src.Calendar().Zone())
		}
		return list[name]
	}
	for i := range all.Rows {
		row := &all.Rows[i]
		recent := of(row)
		_, success, failed := outcomesOf(row)
		increase(&recent.Success, success)
		increase(&recent.Failed, failed)
	}
	for n := range points {
		for i := range points[n].Rows {
			row := &points[n].Rows[i]
			bucket := &of(row).Requests[n]
			_, success, failed := outcomesOf(row)
			increase(&bucket.Success, success)
			increase(&bucket.Failed, failed)
		}
	}
	return list, nil
}

// lastHours are the bounds of so many hours up to the one that it is now.
func lastHours(src Source, hours int) (from, until int64) {
	c := src.Calendar()
	from, until = c.Hour(seconds(src.Moment()))
	for range hours - 1 {
		from, _ = c.Hour(from - 1)
	}
	return from, until
}

func newRecent(points []Point, zone *time.Location) *Recent {
	clock := func(at int64) string { return time.Unix(at, 0).In(zone).Format("15:04") }
	recent := &Recent{Requests: make([]RecentBucket, 0, len(points))}
	for i := range points {
		p := &points[i]
		recent.Requests = append(recent.Requests, RecentBucket{Time: clock(p.Start) + "-" + clock(p.End)})
	}
	return recent
}
