package usageprocessor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
)

// ownGoroutines counts the goroutines that code of this module has started.
func ownGoroutines() (n int) {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(stack, "created by github.com/otelusage/usageprocessor/internal/") || strings.Contains(stack, "usageprocessor/internal/meter.(*Meter)") {
			n++
		}
	}
	return n
}

// filesIn returns the names of all files in a directory.
func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestSharedEngine_A_R4(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "state")
		r := newRig(t, "shared", keptIn(dir, durabilityWrite), func(c *Config) { c.Persistence.Interval = 10 * time.Second })
		a, b := r.traces(r.next), r.traces(r.next)
		logs := r.logsInstance(consumertest.NewNop())
		exits := []*exit{newExit(r), newExit(r)}
		assert.NoDirExists(t, dir, "creating an instance has no side effect")

		before := ownGoroutines()
		r.start(a, b, logs)
		for _, x := range exits {
			x.start()
		}
		var ids spanIDs
		for i := range 35 {
			require.NoError(t, a.ConsumeTraces(t.Context(), ids.served("/a", 1)), i)
			require.NoError(t, b.ConsumeTraces(t.Context(), ids.served("/b", 2)), i)
			require.NoError(t, logs.ConsumeLogs(t.Context(), logRecord()), i)
			pass(time.Second)
		}
		assert.Equal(t, 3, ownGoroutines()-before, "one goroutine flushes, one exports for each exit")
		assert.Equal(t, 3, r.flushes(), "flushes in 35 s with `persistence.interval: 10s`")
		assert.Equal(t, 1, r.logs.FilterMessage("Usage is kept").Len(), "the state is loaded once")
		assert.ElementsMatch(t, []string{"journal", "snapshot", "lock", "kept"}, kinds(filesIn(t, dir)), "one owner of one state")

		for _, x := range exits {
			x.stop()
			assert.Equal(t, 35, x.seen().served("/a"))
			assert.Equal(t, 70, x.seen().served("/b"))
		}
		r.shutdown(a, b, logs)
		synctest.Wait() // for what has said that it ends to have ended
		assert.Zero(t, ownGoroutines()-before)
	})
}

// kinds strips the generations from the names of state files.
func kinds(names []string) (kinds []string) {
	for _, name := range names {
		if ext := filepath.Ext(name); ext != "" {
			name = ext[1:]
		}
		kinds = append(kinds, name)
	}
	return kinds
}

func TestSharedExitsGetEveryPoint_X_8(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "shared", func(c *Config) { c.Export.Interval = time.Second })
		early, late, brief := newExit(r), newExit(r), newExit(r)
		in := r.startTraces()
		early.start()
		brief.start()
		var ids spanIDs
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 3)))
		pass(1500 * time.Millisecond)
		late.start()
		brief.stop()
		calls := brief.callCount()
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/b", 4)))
		pass(5 * time.Second)

		assert.Equal(t, calls, brief.callCount(), "calls of an exit that has stopped")
		assert.NotZero(t, early.seen().served("/b"), "the exits that run export each interval")
		early.stop()
		late.stop()
		assert.Equal(t, 3, late.seen().served("/a"), "an exit exports what was counted before it started, too")
		assert.Equal(t, early.seen(), late.seen(), "every exit gets every point")
		r.shutdown(in)
	})
}

// Nobody may be held up by a consumer that is slow, and no lock may be held
// while one is called.
func TestSharedExitCallsBack_C_R4(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "shared", keptIn(t.TempDir(), durabilityWrite), func(c *Config) { c.Export.Interval = time.Second })
		x, other, in := newExit(r), newExit(r), r.startTraces()
		var ids spanIDs
		x.handle = func(ctx context.Context) error {
			return in.ConsumeTraces(ctx, ids.served("/echo", 1))
		}
		x.start()
		other.start()
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 1)))
		pass(10500 * time.Millisecond)
		x.stop()
		other.stop()
		assert.Equal(t, 11, other.seen().served("/echo"), "spans from 10 exports and the last one")
		r.shutdown(in)
	})
}

// All parts of an export carry one time. A series that begins while they are
// sent is younger than that, and waits for the next export.
func TestSharedSeriesBeginsDuringExport_X_7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "shared", func(c *Config) { c.Export.Interval = time.Second })
		x, in := newExit(r), r.startTraces()
		var ids spanIDs
		x.handle = func(ctx context.Context) error {
			return in.ConsumeTraces(ctx, ids.served(fmt.Sprintf("/part/%d", x.callCount()), 1))
		}
		x.start()
		for range 5 { // more series than one export has in a part
			require.NoError(t, in.ConsumeTraces(t.Context(), ids.scattered(1000)))
		}
		pass(1500 * time.Millisecond)
		parts := x.callCount()
		require.Greater(t, parts, 1)
		x.stop()
		for part := range parts {
			assert.Equal(t, 1, x.seen().served(fmt.Sprintf("/part/%d", part+1)))
		}
		r.shutdown(in)
	})
}

func TestSharedExitBlocks_C_R4(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "shared", func(c *Config) { c.Export.Interval = time.Second })
		stuck, free, in := newExit(r), newExit(r), r.startTraces()
		stuck.handle = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		stuck.start()
		free.start()
		var ids spanIDs
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 1)))
		pass(1500 * time.Millisecond)
		require.Equal(t, 1, stuck.callCount())

		begin := time.Now()
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 2)))
		assert.Zero(t, time.Since(begin), "counting waits for an exit")
		pass(2 * time.Second)
		assert.Equal(t, 3, free.seen().served("/a"), "an exit waits for another one")

		begin = time.Now()
		stuck.stop()
		assert.LessOrEqual(t, time.Since(begin), 6*time.Second, "the last export is bounded to 5 s")
		free.stop()
		r.shutdown(in)
	})
}

// An exit whose consumer ignores the end of its context is left behind, and
// must not come back to life when the consumer returns after all.
func TestSharedExitIgnoresContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "shared", func(c *Config) { c.Export.Interval = time.Second })
		deaf, in := newExit(r), r.startTraces()
		release := make(chan struct{})
		deaf.handle = func(context.Context) error {
			<-release
			return nil
		}
		deaf.start()
		var ids spanIDs
		for range 10 { // more series than one export has in a part
			require.NoError(t, in.ConsumeTraces(t.Context(), ids.scattered(1000)))
		}
		pass(1500 * time.Millisecond)
		require.Equal(t, 1, deaf.callCount())

		begin := time.Now()
		_ = deaf.Shutdown(t.Context()) // whether that is an error is not the point
		assert.LessOrEqual(t, time.Since(begin), 7*time.Second)
		deaf.setRunning(false)
		close(release)
		pass(10 * time.Second)
		assert.Equal(t, 1, deaf.callCount(), "calls of a consumer that may be gone")
		r.shutdown(in)
	})
}
