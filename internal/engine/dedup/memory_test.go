package dedup

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMemoryIsBounded(t *testing.T) {
	const maxBytes = 4 << 20
	w, rng := New(Options{Minutes: 10, MaxBytes: maxBytes}), newRand(1)
	most := int64(0)
	for minute := range int64(15) {
		w.Advance(minute)
		for range 100 {
			insertAll(w, randomKeys(rng, batchSize))
			require.LessOrEqual(t, w.Stats().Bytes, int64(maxBytes))
			if s := w.Closed(); s != nil {
				require.LessOrEqual(t, w.Stats().Bytes, int64(maxBytes))
				packed := s.Pack()
				require.LessOrEqual(t, packed.bytes, w.memory.reserved)
				require.True(t, w.Seal(packed))
			}
			most = max(most, w.Stats().Bytes)
		}
	}
	requireTables(t, w)
	s := w.Stats()
	assert.Greater(t, most, int64(maxBytes*9/10), "memory is used")
	assert.Greater(t, s.Keys, maxBytes/12)
	assert.NotZero(t, s.Evicted)
	assert.Equal(t, int64(14), s.Minute)
	assert.InDelta(t, 11, s.Since, 1, "400,000 keys fit, 100,000 come in a minute")
}

func TestMinuteThatIsTooBig(t *testing.T) {
	w, rng := New(Options{Minutes: 10, MaxBytes: MinBytes}), newRand(1)
	w.Advance(20)
	assert.Equal(t, int64(10), w.Stats().Since)
	keys := randomKeys(rng, 200_000)
	insertAll(w, keys)
	s := w.Stats()
	assert.LessOrEqual(t, s.Bytes, int64(MinBytes))
	assert.Equal(t, int64(21), s.Since, "not even this minute is complete")
	assert.Equal(t, []bool{true}, send(w, keys[len(keys)-1]), "the newest are there")
	assert.Equal(t, []bool{false}, send(w, keys[0]), "the oldest went first")

	w.Advance(22)
	assert.Equal(t, int64(21), w.Stats().Since)
	w.Advance(32)
	assert.Equal(t, int64(22), w.Stats().Since, "all of the window is there again")
}

// TestBatchThatIsTooBig ends a segment in the middle of a batch.
func TestBatchThatIsTooBig(t *testing.T) {
	w := New(Options{Minutes: 10, MaxBytes: MinBytes})
	keys := randomKeys(newRand(1), 10_000)
	keys = append(keys, keys...)
	seen := send(w, keys...)
	assert.NotContains(t, seen[:10_000], true)
	assert.NotContains(t, seen[10_000:], false)
	assert.Greater(t, w.Stats().Segments, 2)
	assert.Zero(t, w.Stats().Evicted)
}

// TestEvictionWhilePacking forgets the segment that is being packed.
func TestEvictionWhilePacking(t *testing.T) {
	w, rng := New(Options{Minutes: 10, MaxBytes: MinBytes}), newRand(1)
	send(w, 1)
	w.Advance(1)
	s := w.Closed()
	packed := s.Pack()
	insertAll(w, randomKeys(rng, 150_000))
	assert.False(t, w.Seal(packed))
	assert.Zero(t, w.memory.reserved)
	assert.Equal(t, []bool{false}, send(w, 1))
	requireTables(t, w)
}
