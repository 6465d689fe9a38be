package dedup

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// perMinute are numbers of keys that arrive in a minute, up to 50,000 a second.
var perMinute = []int{3_000, 300_000, 3_000_000}

const batchSize = 1000

func randomKeys(rng *rand.Rand, n int) []uint64 {
	keys := make([]uint64, n)
	for i := range keys {
		keys[i] = max(rng.Uint64(), 1)
	}
	return keys
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// insertAll inserts keys as batches that were probed.
func insertAll(w *Window, keys []uint64) {
	seen := make([]bool, batchSize)
	for len(keys) > 0 {
		n := min(len(keys), batchSize)
		clear(seen)
		w.Insert(keys[:n], seen[:n], Probed(w.lastID))
		keys = keys[n:]
	}
}

// packAll is what the caller does in the background.
func packAll(w *Window) {
	for s := w.Closed(); s != nil; s = w.Closed() {
		w.Seal(s.Pack())
	}
}

// sealed returns a window with some minutes that are over.
func sealed(minutes, keys int) *Window {
	w, rng := New(Options{Minutes: minutes, MaxBytes: 1 << 30}), newRand(1)
	for m := range int64(minutes) {
		w.Advance(m)
		insertAll(w, randomKeys(rng, keys))
	}
	w.Advance(int64(minutes))
	packAll(w)
	return w
}

func reportIDs(b *testing.B, ids int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(ids), "ns/ID")
}

// BenchmarkInsert fills a minute that follows on one with as many keys.
func BenchmarkInsert(b *testing.B) {
	for _, n := range perMinute {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := New(Options{Minutes: 1, MaxBytes: 1 << 30})
			keys := [4][]uint64{}
			for i := range keys {
				keys[i] = randomKeys(newRand(uint64(i)), n)
			}
			insertAll(w, keys[3])
			bytes := int64(0)
			for minute := int64(1); b.Loop(); minute++ {
				b.StopTimer()
				w.Advance(minute)
				packAll(w)
				bytes = -w.Stats().Bytes
				b.StartTimer()
				insertAll(w, keys[minute%4])
				bytes += w.Stats().Bytes
			}
			reportIDs(b, n)
			b.ReportMetric(float64(bytes)/float64(n), "B/ID")
		})
	}
}

// BenchmarkInsertRamp fills a minute that follows on an empty one.
func BenchmarkInsertRamp(b *testing.B) {
	for _, n := range perMinute {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			keys := randomKeys(newRand(1), n)
			bytes := int64(0)
			for b.Loop() {
				w := New(Options{Minutes: 1, MaxBytes: 1 << 30})
				insertAll(w, keys)
				bytes = w.Stats().Bytes
			}
			reportIDs(b, n)
			b.ReportMetric(float64(bytes)/float64(n), "B/ID")
		})
	}
}

// BenchmarkProbe looks for new keys in ten minutes that are over.
func BenchmarkProbe(b *testing.B) {
	for _, n := range perMinute {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := sealed(10, n)
			keys := randomKeys(newRand(77), 1000*batchSize)
			seen := make([]bool, batchSize)
			at := 0
			for b.Loop() {
				w.Probe(keys[at:at+batchSize], seen)
				at = (at + batchSize) % len(keys)
			}
			reportIDs(b, batchSize)
			s := w.Stats()
			b.ReportMetric(float64(s.Bytes)/float64(s.Keys), "B/ID")
		})
	}
}

// BenchmarkPack packs a minute.
func BenchmarkPack(b *testing.B) {
	for _, n := range perMinute {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := New(Options{Minutes: 1, MaxBytes: 1 << 30})
			insertAll(w, randomKeys(newRand(1), n))
			w.Advance(1)
			s := w.Closed()
			for b.Loop() {
				s.Pack()
			}
			reportIDs(b, n)
		})
	}
}
