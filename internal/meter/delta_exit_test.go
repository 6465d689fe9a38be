package meter

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// One exit that refuses keeps the window on its way, but only to itself.
func TestWindowGoesToEachExitOnce(t *testing.T) {
	b, good, bad := newDeltaBench(t), newBackend(t), newBackend(t)
	bad.answer = refuseCalls(errLater, 1, 2, 3)
	one, two := b.exit("metrics/good", good), b.exit("metrics/bad", bad)
	for range 2 {
		b.serve(0, 2)
		b.mustExport(one)
		require.ErrorIs(t, b.export(two), errLater)
	}
	assert.Equal(t, 1, good.calls, "no second window before the first is done")

	b.die()
	b.start()
	one, two = b.exit("metrics/good", good), b.exit("metrics/bad", bad)
	b.mustExport(one)
	assert.Equal(t, 1, good.calls, "who has taken it is not forgotten")
	require.ErrorIs(t, b.export(two), errLater)
	b.mustExport(two, one, two)
	for _, next := range []*backend{good, bad} {
		assert.Equal(t, int64(4), next.requests())
		assert.Zero(t, next.again)
	}
	assert.Equal(t, good.taken, bad.taken)
	b.stop()
}

// An exit that is in no pipeline any more does not hold up the others.
func TestRemovedExitIsNotWaitedFor(t *testing.T) {
	b, stays, goes := newDeltaBench(t), newBackend(t), newBackend(t)
	one, two := b.exit("metrics/stays", stays), b.exit("metrics/goes", goes)
	b.serve(0, 2)
	goes.answer = refuseCalls(errLater, 1, 2)
	b.mustExport(one)
	require.ErrorIs(t, b.export(two), errLater)
	b.outbox.leave(two)
	b.serve(0, 1)
	b.mustExport(one, one)
	assert.Equal(t, int64(2), stays.requests(), "within a process a stopped exit is waited for")
	b.stop()

	b.start()
	b.mustExport(b.exit("metrics/stays", stays))
	assert.Equal(t, int64(3), stays.requests())
	assert.Zero(t, stays.again)
	b.stop()
}

// At start one exit runs before the others: it does not end a window alone.
func TestWindowWaitsForExitsToStart(t *testing.T) {
	b, first, second := newDeltaBench(t), newBackend(t), newBackend(t)
	b.outbox.expect(2)
	one := b.exit("metrics/1", first)
	b.serve(0, 2)
	b.mustExport(one, one)
	assert.Equal(t, uint64(1), b.engine.Window().Number)
	b.mustExport(b.exit("metrics/2", second), one)
	assert.Equal(t, int64(2), first.requests())
	assert.Equal(t, int64(2), second.requests())
	assert.False(t, b.engine.Window().Chunks > 0)
	b.stop()
}

// Exits that export at the same moment share a window.
func TestExitsShareWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, first, second := newDeltaBench(t, func(o *Options) { o.ExportInterval = time.Minute }), newBackend(t), newBackend(t)
		one := b.StartExit(nil, first)
		<-time.After(2 * time.Second)
		two := b.StartExit(nil, second)
		for i := range 10 {
			b.serve(0, 1+i)
			<-time.After(59 * time.Second)
			b.serve(0, 1) // after the first has exported, before the second does
			<-time.After(time.Second)
			synctest.Wait()
			assert.Equal(t, i+1, first.calls)
			assert.Equal(t, i+1, second.calls)
		}
		require.NoError(t, one.Stop(t.Context()))
		assert.Equal(t, 11, first.calls, "the last export waits for nothing")
		assert.Equal(t, int64(65), first.requests())
		b.serve(0, 1)
		require.NoError(t, two.Stop(t.Context()))
		assert.Equal(t, int64(66), second.requests(), "after the other has stopped, too")
		w := b.engine.Window()
		assert.Equal(t, 0, w.TakenBy("exit 1"))
		assert.Equal(t, 1, w.TakenBy("exit 2"), "and is still on its way to the other")
		b.stop()

		b.start(func(o *Options) { o.ExportInterval = time.Minute })
		one, two = b.StartExit(nil, first), b.StartExit(nil, second)
		<-time.After(61 * time.Second)
		synctest.Wait()
		assert.Equal(t, int64(66), first.requests())
		assert.Equal(t, int64(66), second.requests())
		assert.Zero(t, first.again+second.again)
		require.NoError(t, one.Stop(t.Context()))
		require.NoError(t, two.Stop(t.Context()))
		b.stop()
	})
}

// What an exit does that was left behind has no effect any more.
func TestLeftBehindExitTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, next := newDeltaBench(t, func(o *Options) { o.ExportInterval = time.Minute }), newBackend(t)
		release := make(chan struct{})
		next.answer = func(int) error {
			<-release
			return nil
		}
		b.serve(0, 1)
		exit := b.StartExit(nil, next)
		assert.ErrorContains(t, exit.Stop(t.Context()), "left behind")
		b.stop()
		close(release)
		synctest.Wait()
		assert.Empty(t, b.logs.Filter(func(e observer.LoggedEntry) bool { return e.Level == zap.ErrorLevel }).All())
		b.start()
		w := b.engine.Window()
		assert.Equal(t, 1, w.Chunks)
		assert.Zero(t, w.TakenBy("exit 1"))
		b.stop()
	})
}

// Without persistence what the last window did not contain is lost, and said.
func TestUnexportedDeltasAreWarnedOf(t *testing.T) {
	b, next := newDeltaBench(t, inMemoryOnly), newBackend(t)
	next.answer = refuseCalls(errLater, 2)
	x := b.exit("metrics", next)
	b.serve(0, 3)
	b.mustExport(x)
	b.serve(0, 2)
	require.ErrorIs(t, b.export(x), errLater)
	b.stop()
	found := b.logs.FilterMessageSnippet("Records were counted after the last export").All()
	require.Len(t, found, 1)
	assert.Equal(t, int64(2), found[0].ContextMap()["records"])
}

func TestExitsHaveNamesOfTheirOwn(t *testing.T) {
	b := newDeltaBench(t)
	names := func(pipelines ...string) (names []string) {
		for _, p := range pipelines {
			names = append(names, b.exit(p, newBackend(t)).name)
		}
		return names
	}
	assert.Equal(t, []string{"metrics/a", "exit 1", "metrics/a (2)", "exit 2", "metrics/a (3)"}, names("metrics/a", "", "metrics/a", "", "metrics/a"))
	b.outbox.leave(b.outbox.exits["exit 1"])
	b.outbox.leave(b.outbox.exits["metrics/a"])
	assert.Equal(t, []string{"exit 1", "exit 3", "metrics/a"}, names("", "", "metrics/a"))
	b.stop()
}
