package dedup

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// roomy never forgets early in these tests.
func roomy(minutes int) *Window { return New(Options{Minutes: minutes, MaxBytes: 1 << 30}) }

// send is what a commit does.
func send(w *Window, keys ...uint64) (seen []bool) {
	seen = make([]bool, len(keys))
	w.Insert(keys, seen, w.Probe(keys, seen))
	return seen
}

func TestKeysAreRememberedForTheWindow(t *testing.T) {
	for _, pack := range []bool{false, true} {
		w := roomy(10)
		w.Advance(3)
		assert.Equal(t, []bool{false}, send(w, 7))
		for minute := int64(3); minute <= 13; minute++ {
			w.Advance(minute)
			if pack {
				packAll(w)
			}
			assert.Equal(t, []bool{true}, send(w, 7), "minute %d", minute)
		}
		w.Advance(14)
		assert.Equal(t, []bool{false}, send(w, 7), "a duplicate does not renew a key")
		assert.Equal(t, []bool{true}, send(w, 7))
	}
}

// TestLongWindowHasFewSegments bounds what a probe costs.
func TestLongWindowHasFewSegments(t *testing.T) {
	const day = 24 * 60
	w := roomy(day)
	for minute := range int64(2 * day) {
		w.Advance(minute)
		assert.Equal(t, []bool{false}, send(w, uint64(minute)<<52+1))
		if oldest := minute - day; oldest >= 0 {
			assert.Equal(t, []bool{true}, send(w, uint64(oldest)<<52+1), "minute %d", oldest)
		}
		if forgotten := minute - day - w.period; forgotten >= 0 {
			seen := []bool{false}
			w.Probe([]uint64{uint64(forgotten)<<52 + 1}, seen)
			assert.Equal(t, []bool{false}, seen, "minute %d", forgotten)
		}
		assert.LessOrEqual(t, w.Stats().Segments, mostPeriods+2)
	}
}

func TestInsertCountsWhatIsMarked(t *testing.T) {
	w := roomy(10)
	keys := []uint64{5, 0, 6, 5, 0, math.MaxUint64, 1, math.MaxUint64}
	seen := make([]bool, len(keys))
	assert.Equal(t, 2, w.Insert(keys, seen, w.Probe(keys, seen)))
	assert.Equal(t, []bool{false, false, false, true, false, false, false, true}, seen)

	for minute := range int64(3) {
		w.Advance(minute)
		clear(seen)
		assert.Equal(t, 6, w.Insert(keys, seen, w.Probe(keys, seen)), "all but those that are none")
		packAll(w)
	}
	assert.Equal(t, 4, w.Stats().Keys)
	assert.Empty(t, send(w))
}

func TestInsertFindsWhatEndedAfterTheProbe(t *testing.T) {
	w := roomy(10)
	send(w, 1)
	seen := make([]bool, 3)
	keys := []uint64{1, 2, 3}
	probed := w.Probe(keys, seen)
	assert.Equal(t, []bool{false, false, false}, seen, "the open minute is not probed")
	w.Advance(1)
	send(w, 2)
	w.Advance(2)
	packAll(w)
	assert.Equal(t, 2, w.Insert(keys, seen, probed))
	assert.Equal(t, []bool{true, true, false}, seen)
}

func TestMinutesNeverStepBack(t *testing.T) {
	w := roomy(1)
	w.Advance(5)
	send(w, 1)
	w.Advance(4)
	w.Advance(-1)
	assert.Equal(t, int64(5), w.Stats().Minute)
	assert.Equal(t, []bool{true}, send(w, 1))
	w.Advance(math.MaxInt64)
	assert.Zero(t, w.Stats().Keys)
	assert.Equal(t, []bool{false}, send(w, 1))
}

func TestIdleMinutesCostNothing(t *testing.T) {
	w := roomy(10)
	for minute := range int64(100) {
		w.Advance(minute)
		send(w)
		send(w, 0)
	}
	assert.Less(t, w.Stats().Bytes, int64(64<<10))
	assert.LessOrEqual(t, w.Stats().Segments, 1)
	w.Advance(100)
	assert.Zero(t, w.Stats().Bytes)
}

// TestConsecutiveKeys has keys that are no hashes: all are in one part, and the
// first line is home to all of them.
func TestConsecutiveKeys(t *testing.T) {
	const n = 3000
	for _, first := range []uint64{1, 1 << 63, math.MaxUint64 - n + 1} {
		w := roomy(10)
		keys := make([]uint64, n)
		for i := range keys {
			keys[i] = first + uint64(i)
		}
		backwards := slices.Clone(keys)
		slices.Reverse(backwards)
		insertAll(w, backwards)
		assert.Equal(t, n, w.Stats().Keys)
		assert.Less(t, w.Stats().Bytes, int64(64<<10+8*keyBytes*n))
		w.Advance(1)
		packAll(w)
		assert.Equal(t, keys, slices.Collect((*w.over.Load())[0].Keys()))
		for _, seen := range send(w, keys...) {
			require.True(t, seen)
		}
		assert.Equal(t, []bool{false, false}, send(w, first-1, first+n), "0 is none, others are new")
	}
}
