package page

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// overTime is what a side has counted, bucket by bucket.
type overTime struct {
	attribute               string
	show                    *show
	usage, requests, errors chart
}

// bucket is a place on the time axis.
type bucket struct {
	usage.Period
	name string
	// present goes on, future has not begun.
	present, future bool
}

func (v *view) overTime(s *side) (*overTime, error) {
	o := &overTime{attribute: s.attribute(v.choice)}
	var err error
	if o.show, err = pick("show", v.choice.show, s.shows, func(s *show) string { return s.name }, s.first(v.total(s))); err != nil {
		return nil, err
	}
	r := query.Request{
		Kind: s.kind, GroupBy: []string{o.attribute}, From: v.from, Until: v.until,
		OrderBy: o.show.order, Limit: maxSeries,
	}
	points, err := query.Timeline(v.source, r, v.period.granularity)
	if err != nil {
		return nil, err
	}
	buckets := v.buckets(points)
	o.usage = v.usageChart(s, o, buckets, points)
	o.requests = v.lineChart("requests", "Requests to "+strings.ToLower(s.label), buckets, points, []outcome{
		{"requests", "Requests", (*usage.Measures).TotalRequests},
	})
	o.errors = v.lineChart("errors", "Errors of "+strings.ToLower(s.label), buckets, points, []outcome{
		{"errors", "Errors", func(m *usage.Measures) int64 { return m.Requests[usage.Error] }},
		{"client-errors", "Client errors", func(m *usage.Measures) int64 { return m.Requests[usage.ClientError] }},
		{"throttled", "Throttled", func(m *usage.Measures) int64 { return m.Requests[usage.Throttled] }},
	})
	return o, nil
}

// first is the first thing that there is something of.
func (s *side) first(total *query.Row) int {
	for i := range s.shows {
		if s.shows[i].of(&total.Measures) > 0 {
			return i
		}
	}
	return 0
}

func (v *view) buckets(points []query.Point) []bucket {
	buckets := make([]bucket, len(points))
	for i := range points {
		p := points[i].Period
		now := v.now.Unix()
		buckets[i] = bucket{p, bucketName(p, v.now.Location()), p.Start <= now && now < p.End, p.Start > now}
	}
	return buckets
}

// usageChart has a bar for each bucket, made of the largest groups and the rest.
func (v *view) usageChart(s *side, o *overTime, buckets []bucket, points []query.Point) chart {
	all := group(points, o.show)
	c := v.newChart("usage", buckets, all, o.show.text)
	c.Title = fmt.Sprintf("%s by %s", o.show.label, strings.ToLower(s.labelOf(o.attribute)))
	c.Slots, c.Grid = stack(buckets, all, o.show.text)
	whole := int64(0)
	for i := range all {
		whole = usage.AddSaturating(whole, all[i].sum())
	}
	for i := range c.Legend {
		c.Legend[i].Share = share(all[i].sum(), whole)
	}
	c.Description = fmt.Sprintf("Stacked bars, one for each %s: %s in all. %s", v.period.granularity, o.show.text(whole).Text, c.Description)
	return c
}

// outcome is what a line is of.
type outcome struct {
	colour, name string
	of           func(*usage.Measures) int64
}

// lineChart has a line for each outcome.
func (v *view) lineChart(id, title string, buckets []bucket, points []query.Point, outcomes []outcome) chart {
	all := make([]series, len(outcomes))
	counted := false
	for n, o := range outcomes {
		all[n] = series{colour: o.colour, name: o.name}
		for i := range points {
			all[n].values = append(all[n].values, o.of(&points[i].Total.Measures))
		}
		counted = counted || all[n].sum() > 0
	}
	c := v.newChart(id, buckets, all, short)
	c.Title = title
	if !counted {
		c.Legend = nil
	}
	c.Slots, c.Lines, c.Grid = lines(buckets, all, short)
	c.Description = fmt.Sprintf("Lines with a point for each %s. %s", v.period.granularity, c.Description)
	return c
}

// failed counts calls that ended with an error on either side.
func failed(m *usage.Measures) int64 {
	return usage.AddSaturating(m.Requests[usage.ClientError], m.Requests[usage.Error])
}

// group makes series of the groups that points have rows of, in the order of their
// size, and of what all others have.
func group(points []query.Point, s *show) []series {
	var all []series
	index := map[string]int{}
	rest := make([]int64, len(points))
	for i := range points {
		rest[i] = s.of(&points[i].Total.Measures)
		for n := range points[i].Rows {
			r := &points[i].Rows[n]
			key := r.Attributes[0].Value
			at, ok := index[key]
			if !ok {
				at = len(all)
				index[key] = at
				all = append(all, series{name: nameOf(r), values: make([]int64, len(points))})
			}
			all[at].values[i] = s.of(&r.Measures)
			rest[i] -= min(rest[i], all[at].values[i]) // sums may have saturated
		}
	}
	slices.SortStableFunc(all, func(a, b series) int { return cmp.Compare(b.sum(), a.sum()) })
	for i := range all {
		all[i].colour = "c" + strconv.Itoa(i)
	}
	others := series{colour: otherColour, name: "All others", values: rest}
	if others.sum() > 0 {
		all = append(all, others)
	}
	// Groups that have something else than what is shown would be empty.
	return slices.DeleteFunc(all, func(s series) bool { return s.sum() == 0 })
}

// newChart has everything but the picture.
func (v *view) newChart(id string, buckets []bucket, all []series, text func(int64) number) chart {
	c := chart{ID: id, Width: len(buckets) * slotWidth, Head: []string{"Time (" + v.now.Location().String() + ")"}}
	var largest []string
	for i := range all {
		sum := all[i].sum()
		c.Legend = append(c.Legend, legend{Colour: all[i].colour, Name: all[i].name, Value: text(sum)})
		c.Head = append(c.Head, all[i].name)
		c.Total = append(c.Total, text(sum))
		largest = append(largest, all[i].name+" "+text(sum).Text)
	}
	c.Description = strings.Join(largest, ", ") + "."
	for i := range buckets {
		row := tableRow{Name: buckets[i].name}
		for n := range all {
			row.Cells = append(row.Cells, text(all[n].values[i]))
		}
		c.Rows = append(c.Rows, row)
		if tick, minor := v.period.tick(buckets[i].Period, v.now.Location()); tick != "" {
			c.Ticks = append(c.Ticks, xTick{percent(2*i+1, 2*len(buckets)), tick, minor})
		}
	}
	return c
}

func share(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	percent := float64(part) * 100 / float64(whole)
	return strconv.FormatFloat(percent, 'f', 1, 64) + " %"
}
