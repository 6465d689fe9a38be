package meter

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// sightings count what has happened. A test in which the interesting things
// never do proves nothing.
type sightings struct {
	mu    sync.Mutex // guards everything below
	count map[string]int
}

func (s *sightings) saw(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count[what]++
}

// report logs all sightings and requires those that a test is worthless without.
func (s *sightings) report(t *testing.T, all bool) {
	t.Helper()
	for _, what := range []string{
		"killed, with nothing to lose", "killed, all was left", "killed, some was left", "killed, only what was promised was left",
		"power lost, with nothing to lose", "power lost, all was left", "power lost, some was left", "power lost, only what was promised was left",
		"died while starting", "did not start for a fault", "started on a failing disk",
		"refused", "not acknowledged", "acknowledged in memory only",
		"traces new", "traces again", "traces in part again", "traces again after the window",
		"logs new", "logs again", "logs in part again", "logs again after the window",
		"metrics new", "metrics again", "metrics in part again", "metrics again after the window",
		"ruled out", "worse signal", "replaced signal", "take-over", "take-over from a silent signal", "weak record",
		"one call in two records", "one call twice in a batch", "nested in another batch", "call without tokens inside one that has them", "the very same call",
		"exponential histogram", "baseline", "stream from its beginning", "stream goes on", "reset", "reset that nobody told of", "late point", "point again",
		"point after a restart", "point after a loss", "part without its whole",
		"price of a part that came later", "price of a part that another hour has paid", "price of a part that a span has paid", "silent signal that is back",
		"distributions left behind", "exported", "window", "window again", "export held back", "snapshot", "snapshot failed", "batch within a snapshot",
		"endpoint series ended", "provider series ended", "session series ended", "overflow ended", "series ended after its window",
		"series came back", "slot used again", "ends since the newest snapshot", "series kept for an exit", "series kept for a session",
		"exit came late", "exit left early",
		"folded into the base identity", "folded into the overflow",
		"session", "session slides", "session expired", "session expired at its next activity", "session ended", "session ended for whoever had it",
		"session started again", "session of a failure", "failure in an active session", "session of a folded owner", "session for which there is no room",
		"session of a duplicate", "sessions over a restart",
		"batch while paused", "resumed",
		"file of history", "hour of a day", "history that is gone", "document", "document again",
	} {
		t.Logf("%7d  %s", s.count[what], what)
		if all {
			assert.Greater(t, s.count[what], 10, what)
		}
		delete(s.count, what)
	}
	assert.Empty(t, slices.Collect(maps.Keys(s.count)), "not listed")
}

// sawBatch notes what became of the records of a batch.
func (r *modelRun) sawBatch(signal usage.Signal, records []modelRecord) {
	var fresh, again bool
	for i := range records {
		record := &records[i]
		fresh = fresh || record.verdict == usage.Counted
		again = again || record.verdict == usage.Duplicate
		if record.verdict == usage.Counted && len(r.model.keys.seen[record.key]) > 1 {
			r.saw(signal.String() + " again after the window")
		}
		if s, ok := record.item.(*modelSample); ok && s.exponential() && record.verdict == usage.Counted {
			r.saw("exponential histogram")
		}
		for _, what := range record.saw {
			r.saw(what)
		}
	}
	switch {
	case fresh && again:
		r.saw(signal.String() + " in part again")
	case fresh:
		r.saw(signal.String() + " new")
	case again:
		r.saw(signal.String() + " again")
	}
}
