package usageprocessor

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// toldOf returns the thresholds of a budget that the log was told of, in order.
func (r *rig) toldOf(budget string) (thresholds []float64) {
	for _, line := range r.logs.FilterMessage("A budget has reached a threshold").All() {
		if fields := line.ContextMap(); fields["budget"] == budget {
			thresholds = append(thresholds, fields["threshold"].(float64))
		}
	}
	return thresholds
}

// synctest begins at midnight of 2000-01-01, UTC.
func TestThresholdsAreToldOnceAPeriod_E_F46_E_F47(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "state")
		budgeted := func(c *Config) {
			c.Budgets = []BudgetConfig{
				{Name: "hourly", Match: map[string]string{"usage.endpoint": "*/a"}, Measure: "requests", Period: "hour", Amount: 10, Thresholds: []float64{1, 0.5, 0.5}},
				{Name: "daily", Match: map[string]string{"usage.endpoint": "*"}, Measure: "requests", Period: "day", Amount: 20},
			}
		}
		var ids spanIDs
		r := newRig(t, "budgets", keptIn(dir, durabilityWrite), onlyHTTP, budgeted)
		in := r.startTraces()
		send := func(route string, n int) {
			t.Helper()
			require.NoError(t, in.ConsumeTraces(t.Context(), ids.served(route, n)))
		}

		send("/b", 4)
		send("/a", 4)
		assert.Empty(t, r.toldOf("hourly"), "four of ten")
		send("/a", 1)
		assert.Equal(t, []float64{0.5}, r.toldOf("hourly"), "at half of the amount")
		again := ids.served("/a", 4)
		require.NoError(t, in.ConsumeTraces(t.Context(), again))
		require.NoError(t, in.ConsumeTraces(t.Context(), again))
		assert.Equal(t, []float64{0.5}, r.toldOf("hourly"), "what is sent again is used once")
		send("/a", 3)
		send("/a", 1)
		assert.Equal(t, []float64{0.5, 1}, r.toldOf("hourly"))
		r.shutdown(in)

		r = newRig(t, "budgets", keptIn(dir, durabilityWrite), onlyHTTP, budgeted)
		in = r.startTraces()
		send("/a", 1)
		assert.Empty(t, r.toldOf("hourly"), "the process before has told")
		send("/a", 2)
		assert.Equal(t, []float64{1}, r.toldOf("daily"), "used before and after the restart")

		pass(time.Hour)
		send("/a", 5)
		assert.Equal(t, []float64{0.5}, r.toldOf("hourly"), "another period")
		r.shutdown(in)
	})
}
