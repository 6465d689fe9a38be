package usageprocessor

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
)

const (
	loadWorkers = 8
	loadBatches = 45
	loadSpans   = 20
	// loadDimensions make the definition of a series as long as it can be, so
	// that a short test fills a journal that is due for a snapshot.
	loadDimensions = maxDimensions
	loadSeries     = 12 // new ones in each batch
	loadValue      = 250
)

// Counting, flushing, exporting and a snapshot at the same time: sums are exact,
// at the exits and in the state.
func TestSharedUnderLoad(t *testing.T) {
	for _, durability := range []string{durabilityInterval, durabilityWrite} {
		t.Run(durability, func(t *testing.T) {
			dir := t.TempDir()
			r := newRig(t, "load", keptIn(dir, durability), func(c *Config) {
				c.Persistence.Interval, c.Export.Interval = 20*time.Millisecond, 200*time.Millisecond
				for i := range loadDimensions {
					c.Endpoints.Dimensions = append(c.Endpoints.Dimensions, fmt.Sprintf("load.%d", i))
				}
			})
			exits := []*exit{newExit(r), newExit(r)}
			instances := []processor.Traces{r.startTraces(), r.startTraces()}
			for _, x := range exits {
				x.start()
			}
			load(t, instances)
			first := filepath.Join(dir, "00000000000000000001.snapshot")
			require.Eventually(t, func() bool { return !exists(first) }, 20*time.Second, time.Millisecond, "no snapshot was taken during the test")
			for _, x := range exits {
				x.stop()
				checkLoad(t, x.seen())
				assert.Greater(t, x.callCount(), 2, "exports")
			}
			r.shutdown(instances[0], instances[1])
			assert.Greater(t, r.flushes(), 2, "flushes")
			assert.Empty(t, r.warnings())
			checkLoad(t, r.stored())
		})
	}
}

func exists(path string) bool {
	matches, err := filepath.Glob(path)
	return err == nil && len(matches) > 0
}

// load lets all workers consume as fast as they can, through both instances.
func load(t *testing.T, instances []processor.Traces) {
	t.Helper()
	var ids spanIDs
	var wg sync.WaitGroup
	for worker := range loadWorkers {
		wg.Go(func() {
			for batch := range loadBatches {
				td := ids.served(fmt.Sprintf("/worker/w%c", 'a'+worker), loadSpans)
				widen(ids.scattered(loadSeries)).ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
				if err := instances[(worker+batch)%len(instances)].ConsumeTraces(t.Context(), td); err != nil {
					t.Errorf("worker %d, batch %d: %v", worker, batch, err)
				}
			}
		})
	}
	wg.Wait()
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

func checkLoad(t *testing.T, got points) {
	t.Helper()
	scattered := 0
	for key, p := range got {
		if strings.HasPrefix(key, "usage.endpoint.requests{") && strings.Contains(key, "usage.endpoint=GET /scattered/") {
			scattered++
			assert.InDelta(t, 1, p.value, 0, key)
		}
	}
	assert.Equal(t, loadWorkers*loadBatches*loadSeries, scattered, "series of one request")
	for worker := range loadWorkers {
		assert.Equal(t, loadBatches*loadSpans, got.served(fmt.Sprintf("/worker/w%c", 'a'+worker)))
	}
}
