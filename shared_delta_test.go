package usageprocessor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A delta window goes through every metrics pipeline, though one of them starts
// long before the other, and what comes last is there after the next start.
func TestDeltaLeavesThroughEveryExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "delta", keptIn(t.TempDir(), durabilityWrite), func(c *Config) {
			c.Export.Interval, c.Export.Temporality = time.Minute, temporalityDelta
		})
		traces := r.startTraces()
		early, late := newExit(r), newExit(r)
		early.start()
		var ids spanIDs
		for range 3 {
			require.NoError(t, traces.ConsumeTraces(t.Context(), ids.served("/a", 2)))
			pass(time.Minute)
		}
		assert.Equal(t, 1, early.callCount(), "the next window waits until every exit has had this one")
		late.start()
		pass(2*time.Minute + time.Second)
		assert.Equal(t, 2, early.callCount())
		assert.Equal(t, 2, late.callCount())

		early.stop()
		require.NoError(t, traces.ConsumeTraces(t.Context(), ids.served("/a", 1)))
		late.stop()
		r.shutdown(traces)
		assert.Equal(t, 1, late.seen().served("/a"), "a delta, not a total")
		assert.Equal(t, 4, early.seen().served("/a"))
		assert.Equal(t, 1, r.stored().served("/a"), "for the exit that had stopped")
		assert.Zero(t, r.stored().served("/a"), "once")
	})
}
