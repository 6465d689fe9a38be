package meter

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
)

// A state begins at the age of 0 and grows older by the time that passes, whether
// a process runs or not: also if the first one has neither counted nor exported.
func TestAgeGrowsWithTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		first := newBench(t, dir, Write)
		require.NoError(t, first.close(t))
		time.Sleep(time.Hour)
		second := newBench(t, dir, Write)
		assert.Zero(t, second.clock.age, "nothing has happened yet")
		time.Sleep(time.Minute)
		require.NoError(t, second.Traces(t.Context(), request(), consumertest.NewNop()))
		require.NoError(t, second.close(t))
		time.Sleep(time.Hour)
		third := newBench(t, dir, Write)
		assert.Equal(t, int64(time.Hour+time.Minute), third.clock.age)
		require.NoError(t, third.close(t))
	})
}
