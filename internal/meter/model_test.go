package meter

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

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
