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
