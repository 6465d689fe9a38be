package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// event is what the journal of a windowed fixture has: one of its fields.
type event struct {
	commit  *usage.Commit
	changes []usage.Row
	at      int64 // of the changes
	window  *usage.Window
}

// windowed is an engine with its journal and snapshot, and what its windows
// contained.
type windowed struct {
	*fixture
	t      *testing.T
	rng    *rand.Rand
	layout *usage.Layout
	events []event
	saved  snapshot
	since  int // events before the snapshot

	window  uint64
	streams map[string]*stream
	whole   map[string]*histogram // all windows together, by series and which one
}

// stream is what was exported of one field of a series.
type stream struct{ sum, until int64 }

func newWindowed(t *testing.T, rng *rand.Rand, layout *usage.Layout) *windowed {
	w := &windowed{
		fixture: newFixture(), t: t, rng: rng, layout: layout,
		streams: map[string]*stream{}, whole: map[string]*histogram{},
	}
	w.Engine = w.empty()
	return w
}

// empty is an engine that writes into the journal.
func (w *windowed) empty() *Engine {
	return New(Options{
		Schemas: w.schemas, Hasher: w.hasher, Layout: w.layout,
		Journal: func(c *usage.Commit) {
			c2 := clone(c)
			w.commits = append(w.commits, c2)
			w.events = append(w.events, event{commit: &c2})
		},
		JournalWindow: func(v *usage.Window) {
			v2 := v.Clone()
			w.events = append(w.events, event{window: &v2})
		},
	})
}

// commit counts calls of a few series; durations spread further as time goes
// on, so that histograms become coarser between windows.
func (w *windowed) commit() {
	b := w.batch()
	for range w.rng.IntN(20) {
		name := fmt.Sprint(w.rng.IntN(12))
		r := usage.Record{Outcome: usage.Outcome(w.rng.IntN(2)), Duration: w.rng.Int64N(1 << w.rng.IntN(45)), RequestBytes: w.rng.Int64N(2)}
		r.Bucket = w.layout.Bucket(r.Duration)
		key := w.key(w.endpoints, "s", "http", name)
		if w.rng.IntN(2) == 0 {
			key = w.key(w.providers, "s", name, "db", "", "q")
			inference := usage.Inference{TimeToFirstToken: -1}
			inference.Tokens[w.rng.IntN(usage.TokenTypes)] = w.rng.Int64N(100)
			if w.rng.IntN(2) == 0 {
				inference.TimeToFirstToken = w.rng.Int64N(1 << w.rng.IntN(40))
				inference.Bucket = w.layout.Bucket(inference.TimeToFirstToken)
			}
			r.Inference = b.AddInference(inference)
		}
		r.Group, _ = b.Group(key, 0, 0)
		b.Add(r, 0)
	}
	w.Commit(b, at(0))
}

// cut reports what has changed, in chunks and, if busy, with commits in between.
func (w *windowed) cut(busy bool) {
	end := w.Tick(at(0)).Wall
	var chunks [][]usage.Row
	for from, more := uint32(0), true; more; {
		var rows []usage.Row
		rows, from, more = w.Changes(nil, from, 1+w.rng.IntN(10))
		var due []usage.Row
		for _, r := range rows {
			if r.Start <= end {
				due = append(due, r)
			}
		}
		chunks = append(chunks, due)
		if busy {
			w.commit()
		}
	}
	w.window++
	for _, rows := range chunks {
		require.NoError(w.t, w.Report(rows, end))
		w.events = append(w.events, event{changes: rows, at: end})
		for i := range rows {
			w.export(&rows[i], end)
		}
	}
	w.SetWindow(&usage.Window{Number: w.window, At: end, Chunks: len(chunks)})
}

// export checks that every point begins where the one before it ended.
func (w *windowed) export(r *usage.Row, end int64) {
	series := fmt.Sprintf("%s %q", r.Schema.Kind, r.Values)
	points := 0
	for f, n := range r.Fields() {
		empty := *n == 0
		switch usage.Field(f) {
		case usage.FieldDuration:
			empty = r.Durations.Count() == 0
		case usage.FieldTimeToFirstToken:
			empty = r.FirstTokens.Count() == 0
		}
		if empty {
			require.Zero(w.t, *n)
			continue
		}
		points++
		key := fmt.Sprintf("%s %d", series, f)
		s := w.streams[key]
		if s == nil {
			s = &stream{until: r.Start}
			w.streams[key] = s
		}
		require.Equal(w.t, s.until, r.Starts[f], "%s: windows touch, and the first begins with the series", key)
		require.Less(w.t, r.Starts[f], end)
		s.sum, s.until = s.sum+*n, end
	}
	require.Positive(w.t, points, "%s: an unchanged series is in no window", series)
	w.gather(series+" durations", &r.Durations)
	w.gather(series+" first tokens", &r.FirstTokens)
}

func (w *windowed) gather(key string, d *usage.Distribution) {
	h := w.whole[key]
	if h == nil {
		h = &histogram{}
		w.whole[key] = h
	}
	h.merge(d, w.layout)
}

// save takes a snapshot, during which commits go on and no window is cut.
func (w *windowed) save() {
	w.since = len(w.events)
	w.saved = w.snapshot(w.rng)
}

// restart recovers from the snapshot and what the journal has behind it.
func (w *windowed) restart() {
	e := w.empty()
	w.saved.restore(w.t, e)
	for _, v := range w.events[w.since:] {
		switch {
		case v.commit != nil:
			c := clone(v.commit)
			require.NoError(w.t, e.Replay(&c))
		case v.window != nil:
			e.ReplayWindow(v.window)
		default:
			require.NoError(w.t, e.Report(v.changes, v.at))
		}
	}
	e.Tick(w.moment)
	rows, _, _ := e.Rows(nil, 0, 1<<20)
	require.Equal(w.t, w.rows(), rows)
	require.Equal(w.t, w.Window(), e.Window())
	w.Engine = e
}

// requireWhole cuts a last window and requires all of them together to be the
// totals.
func (w *windowed) requireWhole() {
	w.cut(false)
	rest, _, more := w.Changes(nil, 0, 1<<20)
	require.Empty(w.t, rest)
	require.False(w.t, more)
	for _, r := range w.rows() {
		series := fmt.Sprintf("%s %q", r.Schema.Kind, r.Values)
		for f, n := range r.Fields() {
			s := w.streams[fmt.Sprintf("%s %d", series, f)]
			if *n == 0 && s == nil {
				continue
			}
			require.Equal(w.t, *n, s.sum, "%s %d", series, f)
		}
		w.requireSame(series+" durations", &r.Durations)
		w.requireSame(series+" first tokens", &r.FirstTokens)
	}
}

// requireSame compares a distribution with all windows of it.
func (w *windowed) requireSame(key string, want *usage.Distribution) {
	got := w.whole[key].distribution(w.layout)
	require.Equal(w.t, want.Count(), got.Count(), key)
	diff := want.Minus(&got)
	require.Zero(w.t, diff.Count(), key)
}

func TestWindowsAddUp(t *testing.T) {
	for name, layout := range map[string]*usage.Layout{
		"exponential": usage.ExponentialLayout(),
		"explicit":    usage.ExplicitLayout([]time.Duration{time.Microsecond, time.Millisecond, time.Second}),
	} {
		t.Run(name, func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			w := newWindowed(t, rand.New(rand.NewPCG(seed, 4)), layout)
			for range 300 {
				switch n := w.rng.IntN(20); {
				case n < 12:
					w.commit()
				case n < 16:
					w.cut(true)
				case n < 18:
					w.save()
				default:
					w.restart()
				}
			}
			w.requireWhole()
			assert.Greater(t, len(w.streams), 100)
		})
	}
}
