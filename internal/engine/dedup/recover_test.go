package dedup

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRemember(t *testing.T) {
	w := roomy(10)
	w.Remember(5, []uint64{1, 2, 0})
	w.Remember(7, []uint64{3})
	w.Remember(5, []uint64{2, 4, 1})
	assert.Equal(t, int64(7), w.Stats().Minute, "time goes on with what arrives")
	assert.Equal(t, 4, w.Stats().Keys)
	assert.Equal(t, []bool{true, true, true, true, false}, send(w, 1, 2, 3, 4, 5))

	w.Advance(16)
	assert.Equal(t, []bool{false, true}, send(w, 4, 3))
	w.Remember(5, []uint64{1})
	assert.Equal(t, []bool{false}, send(w, 1), "the minute is out of the window")
	requireTables(t, w)
}

// TestRememberTwice has a key of two minutes: it was forgotten in between.
func TestRememberTwice(t *testing.T) {
	for _, minutes := range [][]int64{{3, 8}, {8, 3}} {
		w := roomy(10)
		for _, minute := range minutes {
			w.Remember(minute, []uint64{1})
		}
		w.Advance(18)
		assert.Equal(t, []bool{true}, send(w, 1))
	}
}

func TestRememberWhatMemoryIsTooSmallFor(t *testing.T) {
	w, rng := New(Options{Minutes: 10, MaxBytes: MinBytes}), newRand(1)
	keys := randomKeys(rng, 150_000)
	w.Remember(10, keys)
	require.NotZero(t, w.Stats().Evicted)
	newest := w.Stats().Since
	for minute := range int64(10) {
		w.Remember(minute, randomKeys(rng, 20_000))
		requireTables(t, w)
	}
	assert.Equal(t, newest, w.Stats().Since)
	assert.Equal(t, []bool{true}, send(w, keys[len(keys)-1]), "younger keys are not forgotten for older ones")
}

func TestLoad(t *testing.T) {
	w := roomy(10)
	keys := []uint64{1, 2, math.MaxUint64}
	require.NoError(t, w.Load(5, 70, keys))
	clear(keys)
	require.NoError(t, w.Load(20, 71, []uint64{9}))
	require.NoError(t, w.Load(12, 72, []uint64{8}))
	require.NoError(t, w.Load(4, 73, []uint64{6}))
	require.NoError(t, w.Load(13, 74, nil))
	assert.Equal(t, []File{{Minute: 12, Number: 72, Keys: 1}, {Minute: 20, Number: 71, Keys: 1}}, w.Files())
	assert.Equal(t, []bool{false, true, true}, send(w, 1, 8, 9))
	assert.Nil(t, w.Closed(), "what is loaded is packed")

	w = roomy(10)
	require.NoError(t, w.Load(5, 70, []uint64{1, 2, math.MaxUint64}))
	assert.Equal(t, []uint64{1, 2, math.MaxUint64}, slices.Collect((*w.over.Load())[0].Keys()))
	assert.Equal(t, []bool{true, true, true, false}, send(w, 1, 2, math.MaxUint64, 3))
}

func TestLoadRefusesWhatIsNotSorted(t *testing.T) {
	w := roomy(10)
	for name, keys := range map[string][]uint64{
		"no key":   {0},
		"repeated": {1, 2, 2},
		"unsorted": {1, 3, 2},
	} {
		require.Error(t, w.Load(5, 70, keys), name)
	}
	assert.EqualError(t, w.Load(5, 70, []uint64{1, 0x20, 0x1f}),
		"dedup keys of minute 5, file 70: key 2, 0x1f, does not follow on 0x20")
	assert.Equal(t, Stats{Since: -10}, w.Stats())
}

func TestReset(t *testing.T) {
	w, rng := New(Options{Minutes: 10, MaxBytes: MinBytes}), newRand(1)
	insertAll(w, randomKeys(rng, 100_000))
	w.Advance(1)
	packed := w.Closed().Pack()
	send(w, 1)
	w.Reset()
	assert.Equal(t, New(w.options).Stats(), w.Stats())
	assert.False(t, w.Seal(packed))
	assert.Equal(t, []bool{false}, send(w, 1))
	requireTables(t, w)
}

// TestLoadIntoLessMemory has a smaller bound than the run that wrote the files.
func TestLoadIntoLessMemory(t *testing.T) {
	w, rng := New(Options{Minutes: 10, MaxBytes: MinBytes}), newRand(1)
	for minute := int64(9); minute >= 0; minute-- {
		keys := randomKeys(rng, 20_000)
		slices.Sort(keys)
		require.NoError(t, w.Load(minute, uint64(minute+1), keys))
		requireTables(t, w)
	}
	s := w.Stats()
	assert.Greater(t, s.Bytes, int64(MinBytes*3/4))
	require.Len(t, w.Files(), s.Segments)
	for i, f := range w.Files() {
		assert.Equal(t, s.Since+int64(i), f.Minute)
	}
	big := randomKeys(rng, 200_000)
	slices.Sort(big)
	require.NoError(t, w.Load(10, 11, big))
	requireTables(t, w)
	assert.Equal(t, int64(11), w.Stats().Since)
}
