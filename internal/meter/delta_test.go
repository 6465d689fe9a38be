package meter

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// D-F9: what did not change makes no data point, and no window either.
func TestZeroDeltasAreNotExported_D_F9(t *testing.T) {
	for name, change := range map[string]func(*Options){"kept": func(*Options) {}, "in memory": inMemoryOnly} {
		t.Run(name, func(t *testing.T) {
			b, next := newDeltaBench(t, change), newBackend(t)
			x := b.exit("metrics", next)
			b.mustExport(x)
			assert.Zero(t, next.calls)
			b.serve(0, 3)
			b.mustExport(x)
			b.serve(0, 1)
			b.mustExport(x, x, x)
			assert.Equal(t, 2, next.calls)
			assert.Equal(t, int64(4), next.requests())
			assert.Equal(t, int64(4), next.durations())
			assert.Len(t, next.streams, 6)
			assert.Equal(t, uint64(2), b.engine.Window().Number)
			b.stop()
			assert.Empty(t, b.windowFiles())
		})
	}
}

// D-F12, D-R2: a window that is refused is sent again to the byte, while deltas
// gather for the next.
func TestRefusedWindowIsSentAgain_D_R2(t *testing.T) {
	for name, change := range map[string]func(*Options){"kept": func(*Options) {}, "in memory": inMemoryOnly} {
		t.Run(name, func(t *testing.T) {
			b, next := newDeltaBench(t, change), newBackend(t)
			next.answer = refuseCalls(errLater, 1, 2, 3)
			x := b.exit("metrics", next)
			for range 3 {
				b.serve(0, 2)
				require.ErrorIs(t, b.export(x), errLater)
			}
			assert.Equal(t, uint64(1), b.engine.Window().Number)
			b.mustExport(x)
			assert.Equal(t, int64(6), next.requests(), "the window, then what had gathered")
			require.Len(t, next.taken, 2)
			for _, refused := range next.refused {
				assert.Equal(t, next.taken[0], refused)
			}
			assert.False(t, b.engine.Window().Chunks > 0)
			b.stop()
		})
	}
}

func TestWindowIsTheSameAfterARestart(t *testing.T) {
	for name, end := range map[string]func(*deltaBench){"stop": (*deltaBench).stop, "kill": (*deltaBench).die} {
		t.Run(name, func(t *testing.T) {
			b, next := newDeltaBench(t), newBackend(t)
			next.answer = refuseCalls(errLater, 1, 2, 3, 4)
			b.serve(0, 5)
			for range 4 {
				require.ErrorIs(t, b.export(b.exit("metrics", next)), errLater)
				b.serve(0, 1)
				end(b)
				b.start()
			}
			b.mustExport(b.exit("metrics", next))
			for _, refused := range next.refused {
				assert.Equal(t, next.taken[0], refused)
			}
			assert.Equal(t, int64(9), next.requests())
			assert.Equal(t, 0, next.again)
			b.stop()
		})
	}
}

// What is refused for good counts as taken, and is counted.
func TestPermanentErrorCountsAsTaken(t *testing.T) {
	b, next := newDeltaBench(t), newBackend(t)
	next.answer = refuseCalls(errNever, 1)
	x := b.exit("metrics", next)
	b.serve(0, 3)
	b.mustExport(x)
	assert.Equal(t, int64(6), b.counter("otelcol.usage.export.rejected"), "requests and durations of three series")
	assert.Equal(t, 1, b.logs.FilterMessageSnippet("refused for good").Len())
	b.serve(0, 3)
	b.mustExport(x)
	assert.Equal(t, int64(3), next.requests())
	assert.Equal(t, 2, next.calls)
	b.stop()
}

// A window of several chunks goes on with the one that was refused, after a
// restart too.
func TestWindowGoesOnWithTheRefusedChunk(t *testing.T) {
	for name, change := range map[string]func(*Options){"kept": func(*Options) {}, "in memory": inMemoryOnly} {
		t.Run(name, func(t *testing.T) {
			b, next := newDeltaBench(t, change), newBackend(t)
			next.answer = refuseCalls(errLater, 2, 3, 5)
			b.serve(0, 2*rowsPerExport+10)
			x := b.exit("metrics", next)
			for range 3 {
				require.ErrorIs(t, b.export(x), errLater)
				if b.store() != nil {
					b.stop()
					b.start()
					x = b.exit("metrics", next)
				}
			}
			b.mustExport(x)
			assert.Equal(t, 6, next.calls)
			assert.Zero(t, next.again)
			assert.Equal(t, int64(2*rowsPerExport+10), next.requests())
			b.stop()
		})
	}
}

// A stored window is sent before cumulative exports begin, and deltas go on
// without a gap when they are wanted again.
func TestTemporalityChanges(t *testing.T) {
	b, next := newDeltaBench(t), newBackend(t)
	b.serve(0, 2)
	b.mustExport(b.exit("metrics", next))
	b.serve(0, 2)
	next.answer = refuseCalls(errLater, 2, 3)
	require.ErrorIs(t, b.export(b.exit("metrics", next)), errLater)
	b.serve(0, 2)
	b.stop()

	b.start(cumulative)
	totals := new(consumertest.MetricsSink)
	sendTo := consumer.Metrics(next)
	both, err := consumer.NewMetrics(func(ctx context.Context, md pmetric.Metrics) error {
		return sendTo.ConsumeMetrics(ctx, md)
	})
	require.NoError(t, err)
	x := b.exit("metrics", both)
	require.ErrorIs(t, b.export(x), errLater, "the window first")
	assert.Empty(t, totals.AllMetrics())
	next.answer = func(int) error {
		sendTo = totals // what comes behind it is cumulative
		return nil
	}
	b.mustExport(x)
	require.Len(t, totals.AllMetrics(), 1)
	assert.Equal(t, int64(6), requests(totals.AllMetrics()[0]))
	assert.Equal(t, int64(4), next.requests())
	b.serve(0, 3)
	b.mustExport(x)
	assert.Equal(t, int64(9), requests(totals.AllMetrics()[1]))
	assert.Empty(t, b.windowFiles())
	b.stop()

	b.start()
	next.answer = nil
	b.mustExport(b.exit("metrics", next))
	assert.Equal(t, int64(9), next.requests())
	assert.Zero(t, next.again)
	b.stop()
}

// D-R1: counting goes on while windows are cut, and every count is in one.
func TestConcurrentCountsAreInOneWindow_D_R1(t *testing.T) {
	for name, change := range map[string]func(*Options){"kept": func(*Options) {}, "in memory": inMemoryOnly} {
		t.Run(name, func(t *testing.T) {
			b, next := newDeltaBench(t, change, func(o *Options) { o.Dedup = nil }), newBackend(t)
			end, sent := make(chan struct{}), atomic.Int64{}
			var writers sync.WaitGroup
			for range 3 {
				writers.Go(func() {
					for i := 0; !closed(end); i++ {
						assert.NoError(t, b.Traces(t.Context(), routed(i%20, i%20+5), consumertest.NewNop()))
						sent.Add(5)
					}
				})
			}
			x := b.exit("metrics", next)
			snapshots := b.keepSnapshotting()
			for i := 0; b.engine.Window().Number < 100; i++ {
				next.answer = refuseCalls(errLater, next.calls+1+i%3)
				_ = b.export(x)
			}
			close(end)
			writers.Wait()
			snapshots()
			if b.store() != nil {
				b.die()
				b.start()
				x = b.exit("metrics", next)
			}
			next.answer = nil
			b.mustExport(x)
			assert.Equal(t, sent.Load(), next.requests())
			assert.Equal(t, sent.Load(), next.durations())
			b.stop()
		})
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
