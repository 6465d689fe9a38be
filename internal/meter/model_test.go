package meter

import (
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

const (
	// modelOperations is how many there are in a normal test.
	modelOperations = 100_000
	// modelLife is how many a state directory sees, and modelEpisode how many
	// it sees before the wall clock steps.
	modelLife, modelEpisode = 2000, 500
)

// TestModel lets random things happen to a meter, its disk and its process, and
// compares it with a model after each of them: what is counted, kept, exported
// and acknowledged has to be exactly what was promised.
//
// USAGE_SEED repeats a run, USAGE_OPERATIONS makes it longer.
func TestModel_I1_I2_I3_I4_I5_I6_I7_I8(t *testing.T) {
	operations := environment(t, "USAGE_OPERATIONS", filestest.Share(modelOperations))
	seed := environment(t, "USAGE_SEED", time.Now().UnixNano())
	t.Logf("%d operations, USAGE_SEED=%d", operations, seed)
	seen := sightings{count: map[string]int{}}
	// All of it is garbage at once.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	t.Run("lives", func(t *testing.T) {
		for life := range (operations + modelLife - 1) / modelLife {
			t.Run(fmt.Sprintf("USAGE_SEED=%d", seed+life), func(t *testing.T) {
				t.Parallel()
				r := newModelRun(uint64(seed+life), &seen)
				for range modelLife / modelEpisode {
					if !t.Failed() {
						r.episode(t, modelEpisode)
					}
				}
			})
		}
	})
	seen.report(t, operations >= modelOperations)
}

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
		"new", "again", "in part again", "again after the window",
		"distributions left behind", "exported", "window", "window again", "export held back", "snapshot", "snapshot failed", "batch within a snapshot",
	} {
		t.Logf("%7d  %s", s.count[what], what)
		if all {
			assert.Positive(t, s.count[what], what)
		}
		delete(s.count, what)
	}
	assert.Empty(t, slices.Collect(maps.Keys(s.count)), "not listed")
}

// environment is a number that a variable may set.
func environment(t *testing.T, name string, otherwise int64) int64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err, name)
	return n
}
