package usageprocessor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
)

const (
	loadWorkers = 8
	loadSpans   = 20
	// loadSeries series are defined, as long as they can be, so that a short test
	// fills a journal that is due for a snapshot.
	loadSeries     = 4320
	loadDimensions = 4
	loadValue      = 1000
)

// Counting, flushing, exporting and a snapshot at the same time: sums are exact,
// at the exits and in the state.
func TestSharedUnderLoad_D_R1_D_R4(t *testing.T) {
	for _, durability := range []string{durabilityInterval, durabilityWrite} {
		t.Run(durability, func(t *testing.T) {
			dir := t.TempDir()
			r := newRig(t, "load", keptIn(dir, durability), func(c *Config) {
				c.Persistence.Interval, c.Export.Interval = 20*time.Millisecond, 100*time.Millisecond
				c.Limits.MaxValueLength = loadValue
				for i := range loadDimensions {
					c.Endpoints.Dimensions = append(c.Endpoints.Dimensions, DimensionConfig{Name: fmt.Sprintf("load.%d", i)})
				}
			})
			exits := []*exit{newExit(r), newExit(r)}
			instances := []processor.Traces{r.traces(consumertest.NewNop()), r.traces(consumertest.NewNop())}
			r.start(instances[0], instances[1])
			for _, x := range exits {
				x.start()
			}
			l := startLoad(t, instances)
			require.Eventually(t, func() bool {
				_, err := os.Stat(filepath.Join(dir, "00000000000000000002.snapshot"))
				return err == nil && exits[0].callCount() > 5 && exits[1].callCount() > 5 && r.flushes() > 5
			}, 2*time.Minute, time.Millisecond, "no snapshot, too few exports or too few flushes")
			l.stop()
			for _, x := range exits {
				require.Eventually(t, func() bool { return l.sum() == x.seen().requests() }, 2*time.Minute, 50*time.Millisecond,
					"not everything was exported")
				x.stop()
				l.check(x.seen())
			}
			r.shutdown(instances[0], instances[1])
			// A slow machine may need longer than the last export of an exit is given.
			warnings := r.warnings()
			assert.LessOrEqual(t, len(warnings), len(exits))
			for _, w := range warnings {
				assert.Equal(t, "Usage was not exported; the next export repeats it", w.Message)
				assert.Equal(t, context.Canceled.Error(), w.ContextMap()["error"])
			}
			l.check(r.stored())
		})
	}
}

// syncLoad is workers that consume as fast as they can, through all instances.
type syncLoad struct {
	t        *testing.T
	ids      spanIDs
	stopped  atomic.Bool
	wg       sync.WaitGroup
	consumed [loadWorkers]int // spans of each worker's endpoint
}

func startLoad(t *testing.T, instances []processor.Traces) *syncLoad {
	t.Helper()
	l := &syncLoad{t: t}
	for worker := range loadWorkers {
		l.wg.Go(func() {
			for defined := 0; !l.stopped.Load() || defined < loadSeries/loadWorkers; {
				td := l.ids.served(loadRoute(worker), loadSpans)
				if defined < loadSeries/loadWorkers {
					widen(l.ids.scattered(loadSpans)).ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
					defined += loadSpans
				}
				if err := instances[worker%len(instances)].ConsumeTraces(t.Context(), td); err != nil {
					t.Errorf("worker %d: %v", worker, err)
				}
				l.consumed[worker] += loadSpans
			}
		})
	}
	t.Cleanup(l.stop)
	return l
}

func loadRoute(worker int) string { return fmt.Sprintf("/worker/w%c", 'a'+worker) }

func (l *syncLoad) stop() {
	l.stopped.Store(true)
	l.wg.Wait()
}

// sum is how many spans were consumed.
func (l *syncLoad) sum() int {
	sum := loadSeries
	for _, consumed := range l.consumed {
		sum += consumed
	}
	return sum
}

// check compares what was exported with what was consumed.
func (l *syncLoad) check(got points) {
	l.t.Helper()
	scattered := 0
	for key, p := range got {
		if strings.HasPrefix(key, "usage.endpoint.requests{") && strings.Contains(key, "usage.endpoint=GET /scattered/") {
			scattered++
			assert.InDelta(l.t, 1, p.value, 0, key)
		}
	}
	assert.Equal(l.t, loadSeries, scattered, "series of one request")
	for worker, consumed := range l.consumed {
		assert.Equal(l.t, consumed, got.served(loadRoute(worker)))
	}
}

// widen gives every span the dimensions that make its series long.
func widen(td ptrace.Traces) ptrace.Traces {
	for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		for i := range loadDimensions {
			s.Attributes().PutStr(fmt.Sprintf("load.%d", i), strings.Repeat("x", loadValue))
		}
	}
	return td
}
