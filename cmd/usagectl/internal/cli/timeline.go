package cli

import (
	"strings"
	"time"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/answer"
	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// timeline is a table over time. Its total adds up what can be added up: of shares and
// means nothing is known.
type timeline struct {
	*table
	granularity usage.Granularity
	zone        *time.Location
	sums        map[string]query.Number
	names       []string // of measures that add up
	last        string   // bucket that was begun
}

func newTimeline(kind usage.Kind, g usage.Granularity, zone *time.Location) *timeline {
	t := &timeline{table: &table{kind: kind, timeline: true}, granularity: g, zone: zone, sums: map[string]query.Number{}}
	for _, m := range query.Measures(kind) {
		if !strings.Contains(m.Name, "_rate") && !strings.Contains(m.Name, "average_") && !strings.Contains(m.Name, "_per_") {
			t.names = append(t.names, m.Name)
		}
	}
	t.total = func(name string) query.Number { return t.sums[name] }
	return t
}

// begin begins a bucket that has rows, or else one line of its own.
func (t *timeline) begin(start, end time.Time, total measured, rows int) {
	t.last = t.bucketName(start, end)
	for _, name := range t.names {
		t.sums[name] = sum(t.sums[name], total(name))
	}
	if rows == 0 {
		t.add(line{bucket: t.last, measured: total})
	}
}

// minuteFormat is when an hour begins. Where clocks go back, two of a day are told apart
// by their offset.
const minuteFormat = "2006-01-02 15:04Z07:00"

const billion = 1_000_000_000

func sum(a, b query.Number) query.Number {
	if !b.Known {
		return a
	}
	parts := a.Parts + b.Parts
	return query.Number{
		Whole: usage.AddSaturating(usage.AddSaturating(a.Whole, b.Whole), parts/billion), Parts: parts % billion, Known: true,
	}
}

// bucketName is when a bucket begins. A day has the date of its noon: what the API says
// is in UTC, where it may begin on the date before.
func (t *timeline) bucketName(start, end time.Time) string {
	if t.granularity == usage.Daily {
		return start.Add(end.Sub(start) / 2).In(t.zone).Format(time.DateOnly)
	}
	return start.In(t.zone).Format(minuteFormat)
}

// timelineOf is the table of what the API answers.
func timelineOf(kind usage.Kind, g usage.Granularity, points []answer.Point) *table {
	t := newTimeline(kind, g, time.UTC)
	for i := range points {
		p := &points[i]
		t.begin(p.Start, p.End, p.Total.Of, len(p.Rows))
		for j := range p.Rows {
			t.add(line{bucket: t.last, attributes: p.Rows[j].Attributes, measured: p.Rows[j].Measures.Of})
		}
	}
	return t.table
}
