package usageprocessor

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
)

// permutations returns every order of n things.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			order := append(append(append([]int{}, shorter[:at]...), n-1), shorter[at:]...)
			all = append(all, order)
		}
	}
	return all
}

// Pipelines stop in no fixed order. In none may anything be lost that was
// acknowledged, nor a counter fall, nor a stopped exit be called.
func TestSharedShutdownInEveryOrder_A_F12_A_R10_X_7(t *testing.T) {
	for _, durability := range []string{durabilityInterval, durabilityWrite} {
		t.Run(durability, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				orders := permutations(5)
				require.Len(t, orders, 120)
				for _, order := range orders {
					shutdownInOrder(t, order, durability)
				}
			})
		})
	}
}

func shutdownInOrder(t *testing.T, order []int, durability string) {
	t.Helper()
	r := newRig(t, "shared", keptIn(t.TempDir(), durability), onlyHTTP)
	traces := []processor.Traces{r.traces(r.next), r.traces(r.next)}
	logs := r.logsInstance(consumertest.NewNop())
	exits := []*exit{newExit(r), newExit(r)}
	r.start(traces[0], traces[1], logs)
	exits[0].start()
	exits[1].start()
	var ids spanIDs
	acknowledged, running := 0, map[int]bool{0: true, 1: true}
	for _, i := range order {
		for n := range running {
			require.NoError(t, traces[n].ConsumeTraces(t.Context(), ids.served("/a", 1)))
			acknowledged++
		}
		switch i {
		case 0, 1:
			r.shutdown(traces[i])
			delete(running, i)
		case 2:
			r.shutdown(logs)
		default:
			x := exits[i-3]
			x.stop()
			assert.Equal(t, acknowledged, x.seen().served("/a"), "an exit exports at its stop what is there, order %v", order)
		}
	}
	stored := r.stored()
	assert.Equal(t, acknowledged, stored.served("/a"), "stored after order %v", order)
	for key, was := range exits[0].seen() {
		assert.Equal(t, was.start, stored[key].start, "start time of %s, order %v", key, order)
	}
	assert.Empty(t, r.warnings(), "order %v", order)
}

// Without persistence there is nowhere to keep what comes after the last exit.
func TestSharedDataAfterLastExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "shared")
		a, b, in := newExit(r), newExit(r), r.startTraces()
		a.start()
		b.start()
		var ids spanIDs
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 3)))
		a.stop()
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 4)))
		b.stop()
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 5)))
		r.shutdown(in)

		require.Len(t, r.warnings(), 1, "what is lost is said once")
		assert.EqualValues(t, 5, r.warnings()[0].ContextMap()["records"])
	})
}

func TestSharedNothingIsLostQuietly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "shared")
		x, in := newExit(r), r.startTraces()
		x.start()
		var ids spanIDs
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 3)))
		r.shutdown(in)
		x.stop()
		assert.Empty(t, r.warnings(), "all of it was exported")
	})
}

// Without a metrics pipeline usage cannot leave, which is said once; metering
// and persistence go on.
func TestSharedWithoutExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "shared", keptIn(t.TempDir(), durabilityWrite))
		a, b, logs := r.startTraces(), r.startTraces(), r.logsInstance(consumertest.NewNop())
		r.start(logs)
		var ids spanIDs
		require.NoError(t, a.ConsumeTraces(t.Context(), ids.served("/a", 3)))
		require.NoError(t, b.ConsumeTraces(t.Context(), ids.served("/a", 4)))
		r.shutdown(logs, a, b)
		require.Len(t, r.warnings(), 1)
		assert.Contains(t, r.warnings()[0].Message, "metrics pipeline")
		assert.Equal(t, 7, r.stored().served("/a"))
	})
}

// slowTraces is a next consumer that holds every batch until it is released.
type slowTraces struct {
	entered chan struct{}
	release chan struct{}
}

func newSlowTraces() slowTraces {
	return slowTraces{make(chan struct{}, 1), make(chan struct{})}
}

func (slowTraces) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s slowTraces) ConsumeTraces(context.Context, ptrace.Traces) error {
	s.entered <- struct{}{}
	<-s.release
	return nil
}

// shutdownAsync shuts down in a goroutine of its own.
func shutdownAsync(ctx context.Context, c component.Component) <-chan error {
	done := make(chan error, 1)
	go func() { done <- c.Shutdown(ctx) }()
	return done
}

// What is inside when Shutdown begins is waited for.
func TestSharedShutdownDrains_A_R10_D_R3(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "shared", keptIn(t.TempDir(), durabilityWrite))
		next := newSlowTraces()
		in := r.traces(next)
		r.start(in)
		consumed := make(chan error, 1)
		var ids spanIDs
		go func() { consumed <- in.ConsumeTraces(t.Context(), ids.served("/a", 3)) }()
		<-next.entered
		stopped := shutdownAsync(t.Context(), in)
		pass(time.Minute)
		require.Empty(t, stopped, "Shutdown leaves a batch behind")
		require.Error(t, in.ConsumeTraces(t.Context(), ids.served("/b", 1)), "a batch that comes while stopping is refused")

		close(next.release)
		require.NoError(t, <-consumed)
		require.NoError(t, <-stopped)
		assert.Equal(t, 3, r.stored().served("/a"))
		assert.Zero(t, r.stored().served("/b"))
	})
}

// Shutdown ends with its context. A batch that is still inside then may be
// stored or answered with an error, but not be acknowledged and lost.
func TestSharedShutdownIsBounded_X_10(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "shared", keptIn(filepath.Join(t.TempDir(), "state"), durabilityWrite))
		next := newSlowTraces()
		in := r.traces(next)
		r.start(in)
		consumed := make(chan error, 1)
		var ids spanIDs
		go func() { consumed <- in.ConsumeTraces(t.Context(), ids.served("/a", 3)) }()
		<-next.entered
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		begin := time.Now()
		require.ErrorIs(t, in.Shutdown(ctx), context.DeadlineExceeded)
		assert.Equal(t, 2*time.Second, time.Since(begin))

		close(next.release)
		if err := <-consumed; err == nil {
			assert.Equal(t, 3, r.stored().served("/a"), "acknowledged, but not stored")
		}
	})
}
