//go:build !race

package dedup

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCommitDoesNotAllocate has 10 minutes that are over and is in the second
// half of one with as many keys: its tables have grown.
func TestCommitDoesNotAllocate(t *testing.T) {
	const perMinute, runs = 300_000, 100
	w := sealed(10, perMinute)
	rng := newRand(99)
	insertAll(w, randomKeys(rng, perMinute/2))
	keys, seen := randomKeys(rng, (runs+1)*batchSize), make([]bool, batchSize)
	assert.Zero(t, testing.AllocsPerRun(runs, func() {
		clear(seen)
		w.Insert(keys[:batchSize], seen, w.Probe(keys[:batchSize], seen))
		keys = keys[batchSize:]
	}))
}

// TestGrowthIsSpread counts what a batch of 1,000 keys costs at 50,000 a second,
// in slots that are allocated, cleared and filled because tables grow.
func TestGrowthIsSpread(t *testing.T) {
	w, rng := New(Options{Minutes: 1, MaxBytes: 1 << 30}), newRand(1)
	for minute, most := range []int{100_000, 100_000} { // 0.8 MB
		w.Advance(int64(minute))
		packAll(w)
		var before [parts]int
		highest := 0
		for range 3000 {
			insertAll(w, randomKeys(rng, batchSize))
			work := 0
			for p := range w.open.tables {
				if slots := len(w.open.tables[p].slots); slots != before[p] {
					work += slots
					before[p] = slots
				}
			}
			highest = max(highest, work)
			require.Less(t, work, most)
		}
		t.Logf("minute %d: at most %d, %.1f bytes a key", minute, highest, float64(w.open.bytes)/float64(w.open.keys))
	}
}

// TestBytesAreThoseOfTheHeap compares what is said with what is in use.
func TestBytesAreThoseOfTheHeap(t *testing.T) {
	before := heap()
	w := sealed(10, 100_000)
	insertAll(w, randomKeys(newRand(99), 100_000))
	assert.InEpsilon(t, heap()-before, w.Stats().Bytes, 0.02)
	w.Advance(15)
	assert.InEpsilon(t, heap()-before, w.Stats().Bytes, 0.02)
	runtime.KeepAlive(w)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
