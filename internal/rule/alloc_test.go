//go:build !race

package rule

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// The race detector empties pools at random, so this runs without it.
func TestAllocations(t *testing.T) {
	for _, e := range evaluations {
		evaluate := e.compile(t)
		s := span()
		at := *s
		run := func() {
			*s = at
			evaluate(s)
			s.Close()
		}
		run()
		assert.LessOrEqual(t, testing.AllocsPerRun(200, run), e.allocs, e.name)
	}
	point := points()["gauge"]
	c, err := CompileCondition(usage.Metrics, `metric.name == "gauge"`)
	require.NoError(t, err)
	at := *point
	assert.LessOrEqual(t, testing.AllocsPerRun(200, func() {
		*point = at
		_, _ = c(point)
		point.Close()
	}), 3.0)
}
