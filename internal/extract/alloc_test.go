//go:build !race

package extract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// The race detector empties pools at random, so this runs without it.
func TestExtractionDoesNotAllocate(t *testing.T) {
	x := newExtractor("tenant.id")
	td := mixed()
	now := time.Now()
	run := func() {
		r := x.Traces(td, now)
		r.Batch.Seal()
		x.Release(r)
	}
	run()
	// The pool may be emptied by a garbage collection in between.
	assert.Less(t, testing.AllocsPerRun(200, run), 1.0)
}

func TestExtractionOfLogsAndMetricsDoesNotAllocate(t *testing.T) {
	x := newExtractor("tenant.id")
	ld, md, now := lines(), measured(), time.Now()
	for name, run := range map[string]func() *Reading{
		"logs":    func() *Reading { return x.Logs(ld, now) },
		"metrics": func() *Reading { return x.Metrics(md, now) },
	} {
		again := func() {
			r := run()
			r.Batch.Seal()
			x.Release(r)
		}
		again()
		assert.Less(t, testing.AllocsPerRun(200, again), 1.0, name)
	}
}
