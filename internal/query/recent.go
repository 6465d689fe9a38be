package query

import (
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Recent is how a provider has been doing: all in all, and in each of the last 24 hours.
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

// recentHours are told of one by one.
const recentHours = 24

// recentProviders bounds of how many providers the hours are told: those with the most
// requests.
const recentProviders = 10_000

// RecentRequests tells, by provider, how requests have ended. Of the hours, the last is the one
// that it is now.
func RecentRequests(src Source) (map[string]*Recent, error) {
	r := Request{Kind: usage.Provider, GroupBy: []string{usage.AttrProvider}, OrderBy: byName}
	all, err := Series(src, r)
	if err != nil {
		return nil, err
	}
	r.From, r.Until = lastHours(src)
	r.OrderBy, r.Limit = "requests", recentProviders
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

// lastHours are the bounds of the hours up to the one that it is now.
func lastHours(src Source) (from, until int64) {
	c := src.Calendar()
	from, until = c.Hour(seconds(src.Moment()))
	for range recentHours - 1 {
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
