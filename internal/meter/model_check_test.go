package meter

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// event is something that was done, in words for whoever has to find out.
type event struct {
	format string
	args   []any
}

func (r *modelRun) tell(format string, args ...any) {
	r.history = append(r.history, event{format, args})
}

// check compares the process that runs with the model.
func (r *modelRun) check() {
	e := r.meter.engine
	rows := r.engineRows(e)
	for name, row := range rows {
		if want, ok := r.model.live.series[name]; ok && want.start == 0 {
			require.Greater(r.t, row.start, r.exportedAt, "a series begins before an export that did not have it")
			r.model.began(name, row.start)
			if r.gone[name] {
				r.saw("series came back")
				delete(r.gone, name)
			}
		}
	}
	r.compare(r.model.live, rows, e)
	if r.chance(20) { // it takes as long as all the rest
		r.checkBalance(e, r.meter.files())
	}
	r.noteFree()
}

// compare requires a state and nothing else: the ledger [I5], each series, and
// that the series have what counted records carry [I7].
func (r *modelRun) compare(want modelState, rows map[string]modelSeries, e *engine.Engine) {
	stats := e.Stats()
	same(r.t, want.seq, stats.Seq, "commits")
	same(r.t, want.ledgers, stats.Ledgers, "ledger")
	same(r.t, len(want.series), len(rows), "number of series")
	same(r.t, len(want.series), stats.Series[usage.Endpoint]+stats.Series[usage.Provider]+stats.Series[usage.Sessions], "number of series")
	requests := r.compareRetired(want, e)
	for name, row := range rows {
		same(r.t, want.series[name], row, name)
		requests += row.TotalRequests()
	}
	same(r.t, want.requests, requests, "requests of all series, live and retired")
	r.compareSessions(want, rows, e)
}

// compareMemory requires that an engine remembers what it needs to count one call
// once, and nothing else.
func (r *modelRun) compareMemory(want modelState, e *engine.Engine) {
	choices, more := e.Choices(nil, 0, 1<<20)
	require.False(r.t, more)
	same(r.t, len(want.choices), len(choices), "number of choices")
	for _, c := range choices {
		name := c.Source
		if _, ok := want.choices[name]; !ok {
			// It ends with a hash of the writer, of which each service has one here.
			name = name[:len(name)-8] + strings.Repeat("\x00", 8)
		}
		chosen, ok := want.choices[name]
		require.True(r.t, ok, "%q", c.Source)
		same(r.t, chosen.rank, c.Rank, c.Source)
	}
	calls, _, more := e.Calls(nil, 0, 1<<20)
	require.False(r.t, more)
	same(r.t, len(want.calls), len(calls), "number of calls")
	for i := range calls {
		same(r.t, want.calls[i].start, calls[i].Start, "start of a call")
		same(r.t, want.calls[i].end, calls[i].End, "end of a call")
	}
	streams, _, more := e.Streams(nil, 0, 1<<20)
	require.False(r.t, more)
	var found []modelTotal
	for i := range streams {
		s := &streams[i]
		found = append(found, modelTotal{start: s.Start, at: s.Time, sum: s.Sum, count: s.Count})
	}
	slices.SortFunc(found, compareTotals)
	require.Equal(r.t, slices.SortedFunc(maps.Values(want.streams), compareTotals), found, "streams")
}

// same requires two values to be equal. It is what this test does most, hence the
// comparison in front.
func same[T comparable](t *testing.T, want, got T, what string) {
	if want != got {
		t.Helper()
		require.Equal(t, want, got, what)
	}
}

// checkKeys requires that as many dedup keys are held as there have to be.
func (r *modelRun) checkKeys() {
	if r.config.window == 0 || len(r.model.keys.unsure) > 0 {
		return
	}
	stats := r.meter.engine.DedupStats()
	require.Equal(r.t, r.model.keys.held(stats.Minute), stats.Keys, "dedup keys")
}

// engineRows are the series of an engine by name.
func (r *modelRun) engineRows(e *engine.Engine) map[string]modelSeries {
	r.rows, _, _ = e.Rows(r.rows[:0], 0, 1<<20)
	found := make(map[string]modelSeries, len(r.rows))
	for i := range r.rows {
		row := &r.rows[i]
		found[r.nameOf(e, row)] = modelSeries{
			Measures: row.Measures, durations: row.Durations.Count(), firstTokens: row.FirstTokens.Count(), start: row.Start,
			seq: row.Seq, touched: row.Touched,
		}
	}
	return found
}

// nameOf is the model's name of a series. Those of the process that runs are
// kept: this is what the test does most.
func (r *modelRun) nameOf(e *engine.Engine, row *usage.Row) string {
	running := r.meter != nil && r.meter.engine == e
	known, ok := r.names[row.Slot]
	if running && ok && known.start == row.Start {
		return known.name
	}
	name := nameOf(row.Schema, row.Values)
	if running {
		r.names[row.Slot] = modelSlot{name, row.Start}
	}
	if running && ok {
		r.saw("slot used again")
	}
	return name
}

// modelSlot is what a slot is used for. No two series of a slot begin together.
type modelSlot struct {
	name  string
	start int64
}

func nameOf(schema *usage.Schema, values []string) string {
	return schema.Kind.String() + " " + strings.Join(schema.Names[schema.Base:], ",") + "|" + strings.Join(values, "|")
}

// compareRetired requires that what has ended is kept, and returns its requests. If
// there are too many base identities, some share a row: which ones depends on limits
// that may have changed since.
func (r *modelRun) compareRetired(want modelState, e *engine.Engine) (requests int64) {
	rows, more := e.Retired(nil, 0, 1<<20)
	require.False(r.t, more)
	var wanted, found [usage.Kinds]usage.Measures
	shared, count := map[string]bool{}, map[string]int{}
	for i := range rows {
		kind := rows[i].Schema.Kind
		count[kind.String()]++
		shared[kind.String()] = shared[kind.String()] || rows[i].Schema.Overflow()
		found[kind].Add(&rows[i].Measures)
		requests += rows[i].TotalRequests()
	}
	for name, sum := range want.retired {
		for kind := range wanted {
			if usage.Kind(kind).String() == kindOf(name) {
				wanted[kind].Add(&sum)
			}
		}
	}
	for kind := range found {
		r.sameRetired(wanted[kind], found[kind], usage.Kind(kind).String())
	}
	for i := range rows {
		name := nameOf(rows[i].Schema, rows[i].Values)
		if !shared[kindOf(name)] {
			r.sameRetired(want.retired[name], rows[i].Measures, name)
		}
	}
	for kind, n := range count {
		if limit := r.config.series; limit > 0 {
			require.LessOrEqual(r.t, n, limit+1, kind)
		}
	}
	return requests
}

// sameRetired compares two sums. Changed layouts leave durations behind: those of series
// that count are retired, and those in a journal that another layout replays are lost.
func (r *modelRun) sameRetired(want, got usage.Measures, what string) {
	if r.layoutChanged {
		want.Duration, want.TimeToFirstToken = got.Duration, got.TimeToFirstToken
	}
	same(r.t, want, got, what)
}
