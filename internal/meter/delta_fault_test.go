package meter

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// deltaFault is one run of a scenario in which one operation on files fails.
type deltaFault struct {
	mode   filestest.Mode
	failAt int
	sticky bool // and all operations after it
	power  bool // the run ends with a loss of power instead of a kill
}

func (f deltaFault) String() string {
	return fmt.Sprintf("mode %d, operation %d, sticky %t, power %t", f.mode, f.failAt, f.sticky, f.power)
}

// live is a life with windows: taken by two exits, by one of them, by none,
// around a snapshot and over a restart. Nothing in it has to succeed.
func (b *deltaBench) live(f deltaFault, good, bad *backend) {
	fail := func(d *filestest.Faulty) {
		d.SetMode(f.mode)
		d.FailAt(f.failAt, f.sticky)
	}
	if b.tryStart(fail) != nil {
		return
	}
	one, two := b.exit("metrics/good", good), b.exit("metrics/bad", bad)
	for i := range 5 {
		b.serve(0, 1+i)
		_, _ = b.export(one), b.export(two)
		b.serve(i, i+1)
		if i == 2 {
			b.upkeep()
			b.keeping.writing.Lock()
			_ = b.store().journal.Snapshot(now(), b.engine)
			b.keeping.writing.Unlock()
		}
	}
	b.upkeep()
	_, _ = b.export(one), b.export(two)
}

// end ends the life and returns how many file operations there were.
func (b *deltaBench) end(f deltaFault, rng *rand.Rand) (ops int) {
	ops = b.disk.Ops()
	memory := b.memory.Kill()
	if f.power {
		memory = memory.Crash(rng)
	}
	if b.Meter != nil {
		b.disk.FailNow(true)
		_ = b.Close()
	}
	_ = b.telemetry.Shutdown(context.Background())
	b.memory = memory
	return ops
}

// TestEveryFaultKeepsWindowsWhole lets each file operation of a life fail, kills
// the process, or takes its power, and requires of what is recovered that every
// count is in exactly one window, which every exit gets.
func TestEveryFaultKeepsWindowsWhole(t *testing.T) {
	for name, mode := range map[string]filestest.Mode{
		"refused": filestest.Refuse, "done all the same": filestest.Deceive, "not synced": filestest.BadSync, "not read": filestest.BadRead,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed, points := rand.Uint64(), int64(0)
			step := int(8 / filestest.Share(8))
			for variant := range 4 {
				f := deltaFault{mode: mode, sticky: variant&1 > 0, power: variant&2 > 0}
				for f.failAt = 1 + rand.IntN(step); faultKeepsWindowsWhole(t, f, rand.New(rand.NewPCG(seed, uint64(f.failAt)))); f.failAt += step {
					points++
				}
			}
			t.Logf("%d fault points, seed %d", points, seed)
			assert.Greater(t, points, filestest.Share(500))
		})
	}
}

// faultKeepsWindowsWhole returns false when the operation never came.
func faultKeepsWindowsWhole(t *testing.T, f deltaFault, rng *rand.Rand) bool {
	t.Helper()
	b := &deltaBench{t: t, memory: filestest.NewMemory(), change: []func(*Options){func(o *Options) { o.Dedup = nil }}}
	good, bad := newBackend(t), newBackend(t)
	bad.answer = refuseCalls(errLater, 2, 4)
	b.live(f, good, bad)
	if b.end(f, rng) < f.failAt {
		return false
	}
	bad.answer = nil
	for range 2 {
		b.start()
		require.Empty(t, b.logs.FilterMessageSnippet("amage").All(), f)
		one, two := b.exit("metrics/good", good), b.exit("metrics/bad", bad)
		b.serve(0, 2)
		for range 3 {
			b.mustExport(one, two)
		}
		for _, next := range []*backend{good, bad} {
			require.Equal(t, b.counted(), next.requests(), f)
			require.Equal(t, b.counted(), next.durations(), f)
		}
		require.Empty(t, b.windowFiles(), f)
		b.stop()
	}
	require.False(t, t.Failed(), f)
	return true
}

// counted is how many requests all series have.
func (b *deltaBench) counted() (n int64) {
	rows, _, _ := b.engine.Rows(nil, 0, 1<<20)
	for i := range rows {
		n += rows[i].TotalRequests()
	}
	return n
}
