package usageprocessor

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.uber.org/goleak"
)

// openFiles counts the open files of this process; the one that reads the list
// is in each count.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	require.NoError(t, err)
	return len(entries)
}

// A reload makes a new factory and new instances, many times in a process's life.
func TestLifecycleLeaksNothing_A_R8_X_11(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir, files := t.TempDir(), 0
	r := newRig(t, "leak", keptIn(dir, durabilityWrite))
	var ids spanIDs
	for cycle := range 50 {
		r.factory = NewFactory()
		x, in, logs := newExit(r), r.startTraces(), r.logsInstance(consumertest.NewNop())
		r.start(logs)
		x.start()
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 2)))
		r.shutdown(in, logs)
		x.stop()
		require.Equal(t, 2*(cycle+1), x.seen().served("/a"))
		goleak.VerifyNone(t, before)
		if cycle == 0 {
			files = openFiles(t)
		}
	}
	assert.Equal(t, files, openFiles(t), "open files after 50 cycles")
	assert.ElementsMatch(t, []string{"journal", "snapshot", "journal", "snapshot", "lock", "kept"}, kinds(filesIn(t, dir)), "two generations")
	assert.Empty(t, r.warnings())
	_, err := r.telemetry.GetMetric("otelcol.usage.series")
	assert.Error(t, err, "an instance that is shut down still reports its series")
}
