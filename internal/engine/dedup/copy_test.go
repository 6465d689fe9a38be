package dedup

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCopyDuringChanges copies a window while everything happens to it that
// can, and checks D5.
func TestCopyDuringChanges(t *testing.T) {
	for _, minutes := range []int{5, 40} {
		m := newModel(t, Options{Minutes: minutes, MaxBytes: 1 << 30}, 2000, 100)
		for range 15 {
			m.run(100)
			m.requireCopy()
		}
	}
}

// TestCopyDuringEviction is the same with segments that are forgotten early.
func TestCopyDuringEviction(t *testing.T) {
	m := newModel(t, Options{Minutes: 5, MaxBytes: MinBytes}, 10_000, 2000)
	for range 4 {
		m.run(100)
		m.requireCopy()
	}
}

func (m *model) requireCopy() {
	there := maps.Clone(m.keys)
	copied := map[keyPeriod]int64{}
	note := func(minute int64, keys []uint64) {
		for _, key := range keys {
			at := keyPeriod{key, m.w.periodOf(minute)}
			require.True(m.t, m.arrived[at], "%#x did not come then", key)
			copied[at] = max(copied[at], minute)
		}
	}
	var chunk Chunk
	for more := true; more; {
		chunk, more = m.w.Copy(make([]uint64, 1+m.rng.IntN(m.batch)), chunk.Next)
		note(chunk.Minute, chunk.Keys)
		for range m.rng.IntN(4) {
			m.step()
		}
	}
	for _, f := range m.w.Files() {
		require.Len(m.t, m.files[f.Number], f.Keys)
		note(f.Minute, m.files[f.Number])
	}
	for key, minute := range there {
		if m.now-minute <= int64(m.options.Minutes) && minute >= m.since {
			at := keyPeriod{key, m.w.periodOf(minute)}
			require.GreaterOrEqual(m.t, copied[at], minute, "%#x is missing at %d", key, m.now)
		}
	}
}

// TestCopyIsBounded checks that a copy ends although keys go on coming.
func TestCopyIsBounded(t *testing.T) {
	w, rng := roomy(10), newRand(1)
	insertAll(w, randomKeys(rng, 300_000))
	w.Advance(1)
	insertAll(w, randomKeys(rng, 30_000))
	dst := make([]uint64, 8192)
	keys, calls := 0, 0
	var chunk Chunk
	for more := true; more; calls++ {
		chunk, more = w.Copy(dst, chunk.Next)
		require.True(t, slices.IsSorted(chunk.Keys))
		keys += len(chunk.Keys)
		if calls < 5 {
			w.Advance(w.minute + 1)
		}
		insertAll(w, randomKeys(rng, batchSize))
	}
	assert.Equal(t, 330_000, keys, "each once, and none that came later")
	assert.LessOrEqual(t, calls, keys/len(dst)+3)
}

func TestCopyOfNothing(t *testing.T) {
	chunk, more := roomy(10).Copy(make([]uint64, 1), Cursor{})
	assert.Empty(t, chunk.Keys)
	assert.False(t, more)
}

func TestCopyLeavesOutWhatIsFiledMeanwhile(t *testing.T) {
	w := roomy(10)
	send(w, 1, 2)
	chunk, more := w.Copy(make([]uint64, 1), Cursor{})
	assert.Equal(t, []uint64{1}, chunk.Keys)
	assert.True(t, more)
	w.Advance(1)
	assert.True(t, w.Filed(w.Unfiled(), 70))
	send(w, 3)
	chunk, more = w.Copy(make([]uint64, 1), chunk.Next)
	assert.Empty(t, chunk.Keys, "what is left came after the beginning")
	assert.False(t, more)
}

func TestFiles(t *testing.T) {
	w := roomy(10)
	assert.Nil(t, w.Unfiled())
	send(w, 3, 1, 2)
	assert.Nil(t, w.Unfiled(), "it is still open")
	w.Advance(1)
	send(w, 4)
	w.Advance(2)

	first := w.Unfiled()
	assert.Equal(t, []uint64{1, 2, 3}, slices.Collect(first.Keys()))
	assert.Equal(t, int64(0), first.Minute())
	packed := w.Closed().Pack()
	assert.True(t, w.Filed(first, 70))
	assert.True(t, w.Seal(packed))
	second := w.Unfiled()
	assert.Equal(t, int64(1), second.Minute())
	assert.True(t, w.Filed(second, 71))
	assert.Equal(t, []File{{Minute: 0, Number: 70, Keys: 3}, {Minute: 1, Number: 71, Keys: 1}}, w.Files())

	send(w, 5)
	chunk, more := w.Copy(make([]uint64, 10), Cursor{})
	assert.Equal(t, []uint64{5}, chunk.Keys, "the files have the others")
	assert.False(t, more)

	w.Advance(11)
	assert.Equal(t, []File{{Minute: 1, Number: 71, Keys: 1}}, w.Files())
	assert.False(t, w.Filed(first, 72), "it has been forgotten")
	assert.False(t, w.Seal(packed))
}
