package query

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// many is a source of as many rows of a bucket, or of live series.
type repeated struct {
	*fake
	schema *usage.Schema
	values [][]string
}

func newRepeated(b testing.TB, n int) *repeated {
	f := newFake(b)
	r := &repeated{fake: f}
	for i := range n {
		r.schema, _ = f.provider("", "", "", "", "", "")
		r.values = append(r.values, []string{
			fmt.Sprint("service-", i%50), fmt.Sprint("provider-", i%20), "gen_ai", fmt.Sprint("model-", i%100), "chat", fmt.Sprint("tenant-", i),
		})
	}
	return r
}

func (r *repeated) Live(visit func(*usage.Row) bool) {
	row := usage.Row{Schema: r.schema}
	for i, values := range r.values {
		row.Values, row.Touched, row.Measures = values, int64(i), calls(int64(i%1000), 1)
		if !visit(&row) {
			return
		}
	}
}

func (r *repeated) History(g usage.Granularity, from, until int64, visit func(usage.Period, *usage.HistoryRow) error) error {
	row := usage.HistoryRow{Schema: r.schema}
	for at := from; at < until; {
		p := usage.Period{Granularity: g}
		p.Start, p.End = r.calendar.Day(at)
		for i, values := range r.values {
			row.Values, row.Measures = values, calls(int64(i%1000), 1)
			row.CostPriced = int64(i)
			if err := visit(p, &row); err != nil {
				return err
			}
		}
		at = p.End
	}
	return nil
}

// A page that shows the best of all series: 50 ms at most.
func BenchmarkSeries(b *testing.B) {
	src := newRepeated(b, 100_000)
	for name, by := range map[string][]string{"identities": nil, "providers": {usage.AttrProvider}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a, err := Series(src, Request{Kind: usage.Provider, GroupBy: by, Limit: 20})
				require.NoError(b, err)
				require.Len(b, a.Rows, 20)
			}
		})
	}
}

// A report of 400 days and 1,000 series: 1 s at most.
func BenchmarkTimeline(b *testing.B) {
	src := newRepeated(b, 1000)
	_, until := src.calendar.Day(seconds(src.moment))
	r := Request{Kind: usage.Provider, From: daysBefore(src.calendar, until-1, 400), Until: until}
	for name, by := range map[string][]string{"totals": nil, "providers": {usage.AttrProvider}, "tenants": {"tenant"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r.GroupBy = by
			for b.Loop() {
				points, err := Timeline(src, r, usage.Daily)
				require.NoError(b, err)
				require.Len(b, points, 400)
			}
		})
	}
}

func BenchmarkFOCUS(b *testing.B) {
	src := newRepeated(b, 1000)
	_, until := src.calendar.Day(seconds(src.moment))
	r := Request{Kind: usage.Provider, From: daysBefore(src.calendar, until-1, 30), Until: until}
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, WriteFOCUS(io.Discard, src, r, usage.Daily))
	}
}
