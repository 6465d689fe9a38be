package engine

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// TestHistoryModel counts, late and early, over days, while hours are closed, filed,
// rolled and dropped, series end and usage is reset. After every step history is as much
// as was counted, and every hour has what was counted in it. So it is in every engine that
// was recovered from a copy, made in parts while others counted, and what came after.
func TestHistoryModel(t *testing.T) {
	for name, c := range map[string]struct {
		limit int
		exact bool
	}{"unbounded": {0, false}, "bounded": {5, false}, "exact": {0, true}} {
		t.Run(name, func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			h := newHistorian(t, rand.New(rand.NewPCG(seed, 5)), c.limit)
			h.exact = c.exact
			for n := range 300 {
				h.step()
				h.requireBalance(h.Engine)
				if n%10 == 0 {
					h.requireHours(h.Engine)
				}
			}
			for i := range h.copies {
				h.requireRecovered(&h.copies[i])
			}
			require.False(t, h.exact && h.History().Inexact)
		})
	}
}

func (h *historian) step() {
	h.pass(time.Duration(h.rng.Int64N(int64(10 * time.Minute))))
	switch n := h.rng.IntN(100); {
	case n < 60:
		h.count()
	case n < 70:
		for h.Expire(h.clock, all()) {
		}
	case n < 82:
		h.close()
	case n < 85:
		h.roll()
	case n < 87:
		h.dropFile()
	case n < 88:
		h.reset()
	case n < 89:
		h.imports()
	case n < 90:
		h.pass(5 * time.Hour)
	case n < 95:
		h.copies = append(h.copies, h.snapshotAmid(h.rng, func() {
			if h.rng.IntN(3) == 0 {
				h.count()
			}
		}))
	}
}

// counted is what all series have counted, live and retired, but what is owed.
func counted(e *Engine) (sums [usage.Kinds]usage.Measures) {
	rows, _, _ := e.Rows(nil, 0, 1<<20)
	for i := range rows {
		sums[rows[i].Schema.Kind].Add(&rows[i].Measures)
	}
	ended, _ := e.Retired(nil, 0, 1<<20)
	for i := range ended {
		sums[ended[i].Schema.Kind].Add(&ended[i].Measures)
	}
	for kind := range sums {
		sums[kind].InputOwed, sums[kind].OutputOwed = 0, 0
	}
	return sums
}

// dated is what history has, and what it knows to have had.
func (h *historian) dated(e *Engine) [usage.Kinds]usage.Measures {
	list := e.History()
	sums := list.Gone
	add := func(rows []usage.HistoryRow) {
		for i := range rows {
			sums[rows[i].Schema.Kind].Add(&rows[i].Measures)
		}
	}
	for i := range list.Files {
		if f := &list.Files[i]; !list.Rolled(f) {
			add(h.contents(&list, f))
		}
	}
	for _, p := range e.OpenHours() {
		add(hourRows(e, p.Start, 1+h.rng.IntN(20)))
	}
	return sums
}

func (h *historian) requireBalance(e *Engine) {
	h.t.Helper()
	requireSums(h.t, e)
	if !e.History().Inexact {
		require.Equal(h.t, counted(e), h.dated(e))
	}
}

// hourly are the rows of an hour, in a file or not.
func (h *historian) hourly(e *Engine, hour int64) map[string]usage.Measures {
	rows := hourRows(e, hour, 1+h.rng.IntN(20))
	list := e.History()
	for i := range list.Files {
		if f := &list.Files[i]; f.Granularity == usage.Hourly && f.Start == hour {
			rows = append(rows, h.contents(&list, f)...)
		}
	}
	return byName(rows)
}

// requireHours compares what hours have with what was counted in them, as long as there
// is room for all series.
func (h *historian) requireHours(e *Engine) {
	h.t.Helper()
	if h.limit > 0 {
		return
	}
	for hour, want := range h.want {
		rows := make([]usage.HistoryRow, 0, len(want))
		for _, r := range want {
			rows = append(rows, r)
		}
		if !h.dropped[hour] {
			require.Equal(h.t, byName(rows), h.hourly(e, hour), "%s", time.Unix(hour, 0).UTC())
		}
	}
}

// requireRecovered compares an engine made of a copy and of what came after it. Its files
// are those that the copy lists: hours that were filed since are in memory again.
func (h *historian) requireRecovered(s *snapshot) {
	h.t.Helper()
	o := h.options
	o.Journal = nil
	e := New(o)
	s.restore(h.t, e)
	for i := range h.commits {
		if h.commits[i].Seq > s.base {
			c := clone(&h.commits[i])
			require.NoError(h.t, e.Replay(&c))
		}
	}
	e.BeginExpiry(usage.Moment{})
	require.Equal(h.t, counted(h.Engine), counted(e))
	require.Equal(h.t, h.rows(), (&fixture{Engine: e}).rows())
	h.requireBalance(e)
	h.requireHours(e)
}
