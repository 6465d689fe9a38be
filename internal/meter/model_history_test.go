package meter

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// checkBalance requires that history has what was counted, live or retired, whatever
// became of it by now.
func (r *modelRun) checkBalance(e *engine.Engine, files historyReader) {
	list, err := imbalances(e, files)
	require.NoError(r.t, err)
	require.Empty(r.t, list, "live + retired = history + gone")
	history := e.History()
	require.False(r.t, history.Inexact)
	if len(history.Files) > 0 {
		r.saw("file of history")
	}
	if slices.ContainsFunc(history.Files, func(f usage.HistoryFile) bool { return history.Rolled(&f) }) {
		r.saw("hour of a day")
	}
	if history.Gone != (sums{}) {
		r.saw("history that is gone")
	}
}

// safe says whether nothing can fail, or end the process, at the moment.
func (r *modelRun) safe() bool { return r.healthy() && r.disk.left == 0 }

// importDocument imports what another writer has counted so far, and at times what it had
// counted before.
func (r *modelRun) importDocument() {
	if !r.safe() {
		return
	}
	writer := r.rng.IntN(len(r.others))
	known := &r.others[writer]
	next := *known
	if next.requests == 0 || r.chance(70) {
		next.requests += 1 + r.rng.Int64N(5)
		next.hour = time.Now().Truncate(time.Hour).Unix()
	}
	merged, err := r.meter.Import(strings.NewReader(next.document(writer)))
	require.NoError(r.t, err)
	require.Equal(r.t, next.requests > known.requests, merged.Added == 1, "%+v", merged)
	if merged.Added == 0 {
		r.saw("document again")
		return
	}
	r.saw("document")
	r.model.sync(r.model.live.seq) // it ends with a snapshot
	r.endings = 0
	gained := usage.Measures{}
	gained.Requests[usage.Success] = next.requests - known.requests
	for _, state := range []*modelState{&r.model.base, &r.model.live} {
		name := fmt.Sprintf("endpoint |other%d|http|GET /", writer)
		sum := state.retired[name]
		sum.Add(&gained)
		state.retired[name] = sum
		state.requests += gained.TotalRequests()
	}
	*known = next
}

// modelOther is another writer.
type modelOther struct{ requests, hour int64 }

func (o *modelOther) document(writer int) string {
	row := fmt.Sprintf(`{"kind":"endpoint","attributes":{"usage.service":"other%d","usage.protocol":"http","usage.endpoint":"GET /"},"measures":{"requests.success":%d}}`, writer, o.requests)
	return fmt.Sprintf(`{"version":1,"writer":"other%d","usage":{"series":[%s],"history":[{"granularity":"hour","start":%d,"end":%d,"rows":[%s]}]}}`,
		writer, row, o.hour, o.hour+3600, row)
}

// exportDocument writes a document, while nothing changes by it.
func (r *modelRun) exportDocument() {
	if r.safe() {
		require.NoError(r.t, r.meter.Export(io.Discard))
	}
}

// save makes everything durable.
func (r *modelRun) save() {
	healthy := r.healthy()
	err := r.meter.Save()
	switch {
	case r.disk.dead():
	case err == nil:
		r.model.sync(r.model.live.seq)
		r.endings = 0
	default:
		require.False(r.t, healthy, "save: %v", err)
		r.flush()
	}
}

// load reads what is stored, which changes nothing.
func (r *modelRun) load() {
	if !r.safe() {
		return
	}
	merged, err := r.meter.Load()
	require.NoError(r.t, err)
	require.Zero(r.t, merged.Added)
	r.model.sync(r.model.live.seq)
}
