//go:build !race

package extract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelusage/usageprocessor/internal/usage"
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

func TestHashingDoesNotAllocate(t *testing.T) {
	x := hashing(Secret{1}, 0)
	td := mixed()
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("user.email", "ada@example.com")
	now := time.Now()
	run := func() {
		r := x.Traces(td, now)
		r.Batch.Seal()
		x.Release(r)
	}
	run()
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

// Meters whose rules are plain allocate nothing, whatever they count.
func TestPlainMetersDoNotAllocate(t *testing.T) {
	x := metering(everything(t)...)
	td, ld, md, now := mixed(), lines(), measured(), time.Now()
	for name, run := range map[string]func() *Reading{
		"traces":  func() *Reading { return x.Traces(td, now) },
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

// OTTL allocates three times an evaluation at most.
func TestMetersAllocateLittle(t *testing.T) {
	m := ownMeterOf(t, usage.Traces, `attributes["tenant.id"] != nil and kind != SPAN_KIND_CLIENT`, `attributes["gen_ai.usage.input_tokens"] * 2`)
	x := metering(m)
	td, now := mixed(), time.Now()
	again := func() {
		r := x.Traces(td, now)
		r.Batch.Seal()
		x.Release(r)
	}
	again()
	evaluations := float64(2 * td.SpanCount())
	assert.LessOrEqual(t, testing.AllocsPerRun(100, again), 3*evaluations)
}
