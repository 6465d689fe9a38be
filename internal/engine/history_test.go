package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

const secondsPerHour = 3600

// noon is when these tests begin, on a day without changes of the clocks.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).Unix()

// onClock is a moment at which the wall clock shows so much after noon.
func onClock(after time.Duration) usage.Moment {
	return usage.Moment{Wall: noon*1e9 + int64(after), Age: int64(after)}
}

// hitIn commits one request of each endpoint, of an hour after noon, at a moment.
func (f *fixture) hitIn(now usage.Moment, hour int64, endpoints ...string) {
	b := f.batch()
	for _, endpoint := range endpoints {
		g, _ := b.Group(f.key(f.endpoints, "shop", "http", endpoint), noon+hour*secondsPerHour, 0)
		b.Add(usage.Record{Group: g, Bucket: usage.NoBucket}, 0)
	}
	f.Commit(b, now)
}

// hours are the requests of every hour in memory, by identity, counted from noon.
func (f *fixture) hours() map[int64]map[string]int64 {
	all := map[int64]map[string]int64{}
	for _, p := range f.OpenHours() {
		rows := map[string]int64{}
		for _, r := range hourRows(f.Engine, p.Start, 5) {
			rows[fmt.Sprint(r.Values)] += r.TotalRequests()
		}
		all[(p.Start-noon)/secondsPerHour] = rows
	}
	return all
}

// The rows of a snapshot have what their series counted in open hours, and series that
// have ended are apart, by identity.
func TestStoredHours(t *testing.T) {
	f := newMortal()
	f.hitIn(onClock(0), 0, "a", "b")
	f.hitIn(onClock(time.Minute), -1, "a")
	rows, _, _ := f.StoredRows(nil, 0, 10)
	one := usage.Measures{Requests: [usage.Outcomes]int64{1}}
	assert.Equal(t, []usage.HourMeasures{{Hour: noon - secondsPerHour, Measures: one}, {Hour: noon, Measures: one}}, rows[0].Hours)
	assert.Equal(t, []usage.HourMeasures{{Hour: noon, Measures: one}}, rows[1].Hours)
	plain, _, _ := f.Rows(nil, 0, 10)
	assert.Nil(t, plain[0].Hours)

	want := f.hours()
	for n := range 3 { // it returns and ends again
		now := onClock(time.Duration(n+1) * 15 * time.Minute)
		for f.Expire(now, all()) {
		}
		require.Empty(t, f.rows())
		assert.Equal(t, want, f.hours())
		if n < 2 {
			f.hitIn(now, 0, "a")
			want[0]["[shop http a]"]++
			assert.Equal(t, want, f.hours())
		}
	}
	var detached []usage.HourRow
	for more := true; more; {
		detached, more = f.Detached(detached, len(detached), 1)
	}
	var names []string
	for _, r := range detached {
		names = append(names, fmt.Sprintf("%d %s %d", (r.Hour-noon)/secondsPerHour, r.Values[2], r.TotalRequests()))
	}
	slices.Sort(names)
	assert.Equal(t, []string{"-1 a 1", "0 a 3", "0 b 1"}, names)
}

// There is room for as many rows of a kind as for series; what does not find any is
// counted for the overflow: B-F10.
func TestDetachedRowsAreBounded_B_F10(t *testing.T) {
	f := newFixtureOf(Options{Retention: int64(time.Minute), Limits: Limits{MaxSeries: 10}})
	f.BeginExpiry(onClock(0))
	for i := range 50 {
		now := onClock(time.Duration(i) * time.Minute)
		f.hitIn(now, 0, fmt.Sprint(i))
		f.Expire(now, all())
	}
	f.Retire()
	rows, more := f.Detached(nil, 0, 100)
	require.False(t, more)
	require.Len(t, rows, 11)
	sums := usage.Measures{}
	for i := range rows {
		sums.Add(&rows[i].Measures)
	}
	assert.Equal(t, int64(50), sums.TotalRequests())
	assert.Equal(t, []string{"true"}, rows[10].Values)
	assert.Equal(t, int64(40), rows[10].TotalRequests())
}

// What was stored before there was any history is in no bucket: what comes is.
func TestStateWithoutHistory(t *testing.T) {
	f := newFixture()
	old := usage.Measures{Requests: [usage.Outcomes]int64{7}, InputOwed: 3, Tokens: [usage.TokenTypes]int64{5}}
	row := usage.Row{Schema: f.providers, Values: []string{"s", "openai", usage.GenAI, "m", "chat"}, Measures: old, Seq: 4}
	require.NoError(t, f.Restore(&row))
	require.NoError(t, f.RestoreRetired(&usage.Retired{Schema: f.providers, Values: []string{"s", "p", "db", "", "q"}, Measures: old}))
	f.Resume(4, usage.Totals{Seq: 4})
	c := usage.Commit{Seq: 5, Deltas: []usage.Delta{{Hour: noon, Measures: usage.Measures{Requests: [usage.Outcomes]int64{1}}}}}
	require.NoError(t, f.Replay(&c))
	f.BeginExpiry(onClock(0))
	assert.Equal(t, usage.Measures{Requests: [usage.Outcomes]int64{14}, Tokens: [usage.TokenTypes]int64{10}}, f.History().Gone[usage.Provider])
	assert.Equal(t, map[int64]map[string]int64{0: {"[s openai gen_ai m chat]": 1}}, f.hours())
	f.CloseHours(onClock(0).Wall)
	f.BeginExpiry(onClock(0))
	assert.Equal(t, int64(14), f.History().Gone[usage.Provider].Requests[0], "it is found out once")
}

// Files may come before the first hour is closed: what they have is not gone.
func TestFilesBeforeHoursClose(t *testing.T) {
	f := newFixture()
	row := importedOf(f.endpoints, "w", "a", 5, 0)
	sums := [usage.Kinds]usage.Measures{{Requests: [usage.Outcomes]int64{4}}}
	f.BeginExpiry(onClock(0))
	f.Import(nil, []usage.HistoryRow{row.HistoryRow}, nil, []usage.HistoryFile{{Number: 1, Sums: sums}})
	copied := f.snapshotAmid(rand.New(rand.NewPCG(1, 1)), func() {})
	again := New(f.options)
	copied.restore(t, again)
	again.BeginExpiry(onClock(0))
	assert.Equal(t, f.History(), again.History())
	assert.Equal(t, int64(1), again.History().Gone[usage.Endpoint].Requests[0])
}

// Tokens are counted in the hour that gains them: what was owed is paid in another one.
func TestHistoryHasWhatSeriesGain(t *testing.T) {
	f := newFixture()
	commit := func(hour int64, v usage.Amount) {
		b := f.batch()
		g, _ := b.Group(f.key(f.providers, "s", "openai", usage.GenAI, "m", "chat"), noon+hour*secondsPerHour, 0)
		b.Add(usage.Record{Group: g, Amount: b.AddAmount(v)}, 0)
		f.Commit(b, onClock(90*time.Minute))
	}
	commit(0, usage.Amount{Value: usage.Value{Sum: 30}, Field: usage.FieldTokens + usage.Field(usage.CacheRead), Part: true})
	commit(1, usage.Amount{Value: usage.Value{Sum: 100}, Field: usage.FieldTokens + usage.Field(usage.Input), Rate: 1_000_000})
	rows, _, _ := f.StoredRows(nil, 0, 1)
	assert.Equal(t, []usage.HourMeasures{
		{Hour: noon, Measures: usage.Measures{Tokens: [usage.TokenTypes]int64{usage.CacheRead: 30}}},
		{Hour: noon + secondsPerHour, Measures: usage.Measures{Tokens: [usage.TokenTypes]int64{usage.Input: 70}, CostPriced: 70}},
	}, rows[0].Hours)
}

// Hours that leave memory without a file are in no bucket any more.
func TestDroppedHours(t *testing.T) {
	f := newFixture()
	f.BeginExpiry(onClock(0))
	for hour := range int64(4) {
		f.hitIn(onClock(4*time.Hour), hour, "a")
	}
	f.DropHours(noon + 2*secondsPerHour)
	assert.Equal(t, map[int64]map[string]int64{2: {"[shop http a]": 1}, 3: {"[shop http a]": 1}}, f.hours())
	assert.Equal(t, int64(2), f.History().Gone[usage.Endpoint].Requests[0])
	requireBalanced(t, f)
}

// Sessions that metering ends with are closed in the hour in which it does.
func TestHistoryAfterAllSeriesEnded(t *testing.T) {
	f := newSessionFixture(10)
	f.tell(0, told{0, "p", "a", usage.Succeeded})
	f.tell(0, told{0, "q", "b", usage.Succeeded})
	f.Retire()
	requireBalanced(t, f)
	assert.Equal(t, int64(2), f.dated()[usage.Sessions].Closed[usage.ClosedShutdown])
}

// dated is what hours in memory have, and what is gone.
func (f *fixture) dated() [usage.Kinds]usage.Measures {
	return (&historian{rng: rand.New(rand.NewPCG(1, 1))}).dated(f.Engine)
}

func requireBalanced(t *testing.T, f *fixture) {
	t.Helper()
	require.Equal(t, counted(f.Engine), f.dated())
	requireSums(t, f.Engine)
}

// requireSums makes sure that every hour knows what its rows are together.
func requireSums(t *testing.T, e *Engine) {
	t.Helper()
	for _, o := range e.history.hours {
		var sums [usage.Kinds]usage.Measures
		for _, r := range hourRows(e, o.Start, 100) {
			sums[r.Schema.Kind].Add(&r.Measures)
		}
		require.Equal(t, sums, o.sums)
	}
}

// Hours are bounded, whatever the journal says: I9.
func TestHoursAreBounded_I9(t *testing.T) {
	f := newFixture()
	def := usage.Definition{Schema: f.endpoints, Values: []string{"s", "http", "a"}}
	c := usage.Commit{Seq: 1, Defined: []usage.Definition{def}}
	for i := range int64(3 * maxHours) {
		c.Deltas = append(c.Deltas, usage.Delta{Hour: (i*i - 5) << 20, Measures: usage.Measures{Requests: [usage.Outcomes]int64{1}}})
	}
	require.NoError(t, f.Replay(&c))
	f.BeginExpiry(onClock(0))
	assert.Len(t, f.OpenHours(), maxHours)
	requireBalanced(t, f)
}

// Series that come and go leave no rows behind.
func TestRowsOfHoursAreUsedAgain(t *testing.T) {
	f := newFixtureOf(Options{Retention: int64(time.Second)})
	f.BeginExpiry(onClock(0))
	for i := range 1000 {
		now := onClock(time.Duration(i) * time.Second)
		f.hitIn(now, 0, fmt.Sprint(i%3))
		f.Expire(now, all())
	}
	assert.Less(t, f.history.hours[0].cells[usage.Endpoint].rows, uint32(10))
	requireBalanced(t, f)
}

// busy is an engine with series that have counted in many hours.
func busy(series, hours int) *fixture {
	f := newFixtureOf(Options{Retention: int64(time.Hour)})
	f.BeginExpiry(onClock(0))
	var endpoints []string
	for n := range series {
		endpoints = append(endpoints, fmt.Sprint(n))
	}
	for hour := range hours {
		f.hitIn(onClock(time.Duration(hours)*time.Hour), int64(hour), endpoints...)
	}
	return f
}

// However many hours there are, commits wait for so many of their rows only.
func TestHoursPerLock(t *testing.T) {
	const series, hours = 512, 20
	f := busy(series, hours)
	rows, next, more := f.StoredRows(nil, 0, series)
	assert.Len(t, rows, (hoursPerLock+hours-1)/hours)
	for more {
		rows, next, more = f.StoredRows(rows, next, series)
	}
	require.Len(t, rows, series)
	for i := range rows {
		require.Len(t, rows[i].Hours, hours)
	}
	plain, _, _ := f.Rows(nil, 0, series)
	assert.Len(t, plain, series)

	now := onClock((hours + 2) * time.Hour)
	assert.True(t, f.Expire(now, all()))
	assert.Equal(t, looksPerLock/(hours+1)+1, series-f.Stats().Series[usage.Endpoint])
	for f.Expire(now, all()) {
	}
	assert.Empty(t, f.rows())
	requireBalanced(t, f)
}

func TestHoursOfASeriesAllocateOnce(t *testing.T) {
	f := busy(1, 20)
	assert.InDelta(t, 1, testing.AllocsPerRun(100, func() { f.history.of(0, usage.Endpoint) }), 0)
}
