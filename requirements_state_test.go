package usageprocessor

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A-N1, A-N2, A-N3: state that is loaded again and again neither grows nor
// shrinks, however much is in it.
func TestLoadingChangesNothing_A_N1_A_N2_A_N3(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, "state", keptIn(dir, durabilityWrite))
	in := r.startTraces()
	var ids spanIDs
	require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/many", 1000)))
	require.NoError(t, in.ConsumeTraces(t.Context(), ids.scattered(50)))
	r.shutdown(in)
	first := r.stored()
	assert.Equal(t, 1000, first.served("/many"))
	for range 3 {
		assert.Equal(t, first.served("/many"), r.stored().served("/many"))
		assert.Equal(t, len(first), len(r.stored()))
	}
}

// A-N11: requests that look alike are counted each, as long as they are not the
// same: the same times and attributes with other IDs, or with no IDs and no
// times at all.
func TestEqualLookingRequestsCountEach_A_N11(t *testing.T) {
	r := newRig(t, "state")
	in := r.startTraces()
	for id := range byte(3) {
		var ids spanIDs
		td := ids.served("/a", 1)
		s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		s.SetStartTimestamp(1)
		s.SetEndTimestamp(2)
		s.SetSpanID(pcommon.SpanID{id + 1})
		require.NoError(t, in.ConsumeTraces(t.Context(), td))
		s.SetSpanID(pcommon.SpanID{})
		s.SetStartTimestamp(0)
		s.SetEndTimestamp(0)
		require.NoError(t, in.ConsumeTraces(t.Context(), td))
	}
	assert.Equal(t, int64(6), r.ledger()["traces counted"])
	r.shutdown(in)
}

// A-N7: flushes that happen at the same time never put older state behind newer:
// what the directory holds at any moment is at least what was acknowledged.
func TestConcurrentFlushesKeepTheNewest_A_N7(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, "state", keptIn(dir, durabilitySync), func(c *Config) {
		c.Persistence.Interval = minInterval
		c.Export.Interval = minInterval
	})
	exits := []*exit{newExit(r), newExit(r)}
	in := r.startTraces()
	for _, x := range exits {
		x.start()
	}
	var ids spanIDs
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if err := in.ConsumeTraces(t.Context(), ids.served("/a", 1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	copied := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
	found := newRig(t, "state", keptIn(copied, durabilitySync))
	assert.Equal(t, 80, found.stored().served("/a"))
	for _, x := range exits {
		x.stop()
	}
	r.shutdown(in)
}

// A-N9, A-R17: temporary files of ours are removed at start, those of others are
// left alone.
func TestTemporaryFilesAreRemoved_A_N9_A_R17(t *testing.T) {
	dir := t.TempDir()
	ours := []string{"00000000000000000007.snapshot.tmp", "00000000000000000007.keys.tmp", "00000000000000000007.window.tmp"}
	for _, name := range append(ours, "notes.tmp") {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600))
	}
	r := newRig(t, "state", keptIn(dir, durabilityWrite))
	r.shutdown(r.startTraces())
	for _, name := range filesIn(t, dir) {
		assert.False(t, strings.HasPrefix(name, "0") && strings.HasSuffix(name, ".tmp"), name)
	}
	assert.FileExists(t, filepath.Join(dir, "notes.tmp"))
}

// A-R15: the tests that were missing where this began, by name: corruption is
// TestDamageIsQuarantined, versions TestEveryFormatVersionLoads, start with
// state TestLifecycleStartsAgain; this one is shutdown with pending saves.
func TestShutdownWritesWhatIsPending_A_R15_A_R10(t *testing.T) {
	for _, durability := range []string{durabilityInterval, durabilityWrite, durabilitySync} {
		dir := t.TempDir()
		r := newRig(t, "state", keptIn(dir, durability))
		in := r.startTraces()
		var ids spanIDs
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 7)))
		r.shutdown(in)
		assert.Equal(t, 7, r.stored().served("/a"), durability)
	}
}

// what claims to come from the future or from long ago counts once, when
// it arrives, and the window is one of arrivals. Clocks that step are in the
// model test.
func TestSpansFromOtherTimes_X_13(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := newRig(t, "state", keptIn(dir, durabilityWrite), func(c *Config) { c.Export.Interval = time.Minute })
		x, in := newExit(r), r.startTraces()
		x.start()
		var ids spanIDs
		shift := func(td ptrace.Traces, d time.Duration) ptrace.Traces {
			s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
			s.SetStartTimestamp(pcommon.NewTimestampFromTime(s.StartTimestamp().AsTime().Add(d)))
			s.SetEndTimestamp(pcommon.NewTimestampFromTime(s.EndTimestamp().AsTime().Add(d)))
			return td
		}
		batches := []ptrace.Traces{
			ids.served("/a", 1), shift(ids.served("/a", 1), 48*time.Hour), shift(ids.served("/a", 1), -48*time.Hour),
		}
		for range 2 {
			for _, td := range batches {
				require.NoError(t, in.ConsumeTraces(t.Context(), td))
			}
			pass(5 * time.Minute)
		}
		x.stop() // it fails the test when time stands still or a value falls
		r.shutdown(in)
		assert.Equal(t, 3, x.seen().served("/a"))

		pass(time.Minute) // while nothing runs
		again := newRig(t, "state", keptIn(dir, durabilityWrite))
		in = again.startTraces()
		for _, td := range batches {
			require.NoError(t, in.ConsumeTraces(t.Context(), td))
		}
		assert.Equal(t, int64(3), again.ledger()["traces duplicate"])
		again.shutdown(in)
	})
}
