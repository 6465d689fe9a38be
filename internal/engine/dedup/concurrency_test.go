package dedup

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestConcurrentSenders sends the same keys from several goroutines while minutes
// pass, segments are packed and filed and copies are made: each is added once.
func TestConcurrentSenders(t *testing.T) {
	const senders, batches, size, distinct, minutes = 4, 400, 100, 10_000, 10
	var mu sync.Mutex // the engine's
	w := roomy(minutes)
	keys := randomKeys(newRand(1), distinct)
	sent, added := make([]atomic.Int32, distinct), make([]atomic.Int32, distinct)

	var count atomic.Int64 // of batches
	var running, background sync.WaitGroup
	for sender := range senders {
		running.Go(func() {
			rng := newRand(uint64(sender))
			batch, index, seen := make([]uint64, size), make([]int, size), make([]bool, size)
			for range batches {
				for i := range batch {
					index[i] = rng.IntN(distinct)
					batch[i] = keys[index[i]]
				}
				clear(seen)
				probed := w.Probe(batch, seen)
				mu.Lock()
				w.Advance(count.Add(1) * minutes / (senders * batches))
				w.Insert(batch, seen, probed)
				mu.Unlock()
				for i, n := range index {
					sent[n].Store(1)
					if !seen[i] {
						added[n].Add(1)
					}
				}
			}
		})
	}
	var done atomic.Bool
	background.Go(func() {
		for number := uint64(1); !done.Load(); number++ {
			keepHouse(w, &mu, number)
		}
	})
	running.Wait()
	done.Store(true)
	background.Wait()

	for n := range keys {
		if sent[n].Load() != added[n].Load() {
			t.Fatalf("key %d was added %d times", n, added[n].Load())
		}
	}
	requireTables(t, w)
	assert.Equal(t, int64(minutes), w.Stats().Minute)
}

// keepHouse does what the caller does in the background.
func keepHouse(w *Window, mu *sync.Mutex, number uint64) {
	locked := func(f func()) {
		mu.Lock()
		defer mu.Unlock()
		f()
	}
	var closed, unfiled *Segment
	locked(func() { closed, unfiled = w.Closed(), w.Unfiled() })
	if closed != nil {
		packed := closed.Pack()
		locked(func() { w.Seal(packed) })
	}
	if unfiled != nil {
		for range unfiled.Keys() {
		}
		locked(func() { w.Filed(unfiled, number) })
	}
	dst := make([]uint64, 1000)
	var chunk Chunk
	for more := true; more; {
		locked(func() { chunk, more = w.Copy(dst, chunk.Next) })
	}
}
