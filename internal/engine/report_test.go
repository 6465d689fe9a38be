package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func TestReportRefusesWhatCannotBe(t *testing.T) {
	f := newFixture()
	b := f.batch()
	g, _ := b.Group(f.key(f.endpoints, "s", "http", "GET /"), 0, 0)
	b.Add(usage.Record{Group: g}, 0)
	f.Commit(b, at(1))
	good := usage.Row{Schema: f.endpoints, Values: []string{"s", "http", "GET /"}, Measures: usage.Measures{RequestBytes: 1}}
	for name, c := range map[string]struct {
		change func(*usage.Row)
		want   string
	}{
		"undefined": {func(r *usage.Row) { r.Slot = 1 }, "window: series 1 is not defined"},
		"another":   {func(r *usage.Row) { r.Values = []string{"s", "http", "GET /x"} }, "window: series 0 is another one"},
		"range":     {func(r *usage.Row) { r.Durations.Offset, r.Durations.Counts = 40_000, []uint64{1} }, "window: bucket 40000 is out of range"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			c.change(&bad)
			assert.EqualError(t, f.Report([]usage.Row{good, bad}, 5), c.want)
			assert.Nil(t, f.rows()[0].Reported, "all or nothing")
		})
	}
}

// What a damaged state says was reported beyond what was counted is not
// exported, and nothing else of the series is lost by it.
func TestReportedBeyondCounted(t *testing.T) {
	f := newFixture()
	row := usage.Row{
		Schema: f.endpoints, Values: []string{"s", "http", "GET /"}, Start: 1, Seq: 3,
		Measures:  usage.Measures{Requests: [usage.Outcomes]int64{5}, RequestBytes: 1},
		Durations: usage.Distribution{Scale: 3, Offset: 1, Counts: []uint64{5}},
		Reported: &usage.Reported{
			Seq: 2, Measures: usage.Measures{Requests: [usage.Outcomes]int64{2}, RequestBytes: 7},
			Durations: usage.Distribution{Scale: -2, Offset: 0, Counts: []uint64{9, 9}},
		},
	}
	require.NoError(t, f.Restore(&row))
	changes, _, _ := f.Changes(nil, 0, 10)
	require.Len(t, changes, 1)
	assert.Equal(t, usage.Measures{Requests: [usage.Outcomes]int64{3}}, changes[0].Measures)
	assert.Zero(t, changes[0].Durations.Count())
	require.NoError(t, f.Report(changes, 9))
	changes, _, _ = f.Changes(nil, 0, 10)
	assert.Empty(t, changes)
}

// A counter that has stopped at the largest number has no changes any more.
func TestChangesOfSaturatedCounters(t *testing.T) {
	f := newFixture()
	add := func() {
		b := f.batch()
		g, _ := b.Group(f.key(f.endpoints, "s", "http", "GET /"), 0, 0)
		b.Add(usage.Record{Group: g, RequestBytes: 1 << 62, Bucket: usage.ZeroBucket}, 0)
		f.Commit(b, at(1))
	}
	var sum int64
	for end := range int64(5) {
		add()
		changes, _, _ := f.Changes(nil, 0, 10)
		sum += changes[0].RequestBytes
		assert.Equal(t, uint64(1), changes[0].Durations.Count(), "durations of zero count")
		require.NoError(t, f.Report(changes, end+10))
	}
	assert.Equal(t, f.rows()[0].RequestBytes, sum)
}

// A window has no chunk of nothing: whoever takes it would get metrics without points.
func TestSumsAloneAreNoPoints(t *testing.T) {
	observed := usage.Distribution{Counts: []uint64{1}}
	for name, tt := range map[string]struct {
		row  usage.Row
		want bool
	}{
		"nothing":                {},
		"sums of times":          {row: usage.Row{Measures: usage.Measures{Duration: 1, TimeToFirstToken: 1}}},
		"a request":              {row: usage.Row{Measures: usage.Measures{Requests: [usage.Outcomes]int64{1}}}, want: true},
		"an observation of zero": {row: usage.Row{Durations: usage.Distribution{Zero: 1}}, want: true},
		"a first token":          {row: usage.Row{Measures: usage.Measures{TimeToFirstToken: 1}, FirstTokens: observed}, want: true},
	} {
		if got := hasPoints(&tt.row); got != tt.want {
			t.Errorf("%s: %t, want %t", name, got, tt.want)
		}
	}
}
