//go:build !race

package extract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestSessionsDoNotAllocate(t *testing.T) {
	x := newExtractor("tenant.id")
	td, ld, now := mixed(), lines(), time.Now()
	withSessions(td, ld)
	for name, run := range map[string]func() *Reading{
		"traces": func() *Reading { return x.Traces(td, now) },
		"logs":   func() *Reading { return x.Logs(ld, now) },
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
