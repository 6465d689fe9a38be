package dedup

import (
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requireTables checks what the tables of a window promise each other.
func requireTables(t *testing.T, w *Window) {
	t.Helper()
	segments := slices.Clone(*w.over.Load())
	require.True(t, slices.IsSortedFunc(segments, func(a, b *Segment) int {
		if a.olderThan(b) {
			return -1
		}
		return 1
	}))
	if w.open != nil {
		segments = append(segments, w.open)
	}
	keys, bytes := 0, int64(0)
	for _, s := range segments {
		requireSegment(t, s)
		keys += s.keys
		bytes += s.bytes
	}
	require.Equal(t, keys, w.memory.keys)
	require.Equal(t, bytes, w.memory.bytes)
	require.LessOrEqual(t, w.Stats().Bytes, w.options.MaxBytes) // D4
}

func requireSegment(t *testing.T, s *Segment) {
	t.Helper()
	before, keys := uint64(0), 0
	bytes := int64(len(s.tables) * tableBytes)
	if !s.packed() {
		bytes += parts * firstSlots * keyBytes
	}
	for i := range s.tables {
		table := &s.tables[i]
		if s.packed() || len(table.slots) > firstSlots {
			bytes += int64(keyBytes * len(table.slots))
		}
		require.Zero(t, table.slots[len(table.slots)-1])
		free := -1 // the last free slot so far
		for at, key := range table.slots {
			if key == 0 {
				free = at
				continue
			}
			if home := int(table.home(key)); key <= before || home > at || home <= free {
				require.Fail(t, "not in order", "%#x after %#x in slot %d, home %d, free %d", key, before, at, home, free)
			}
			before = key
			keys++
		}
	}
	require.Equal(t, keys, s.keys)
	require.Equal(t, bytes, s.bytes)
}

func TestTableBytes(t *testing.T) {
	assert.EqualValues(t, unsafe.Sizeof(table{}), tableBytes)
}

// TestLastSlotStaysFree is what every search relies on.
func TestLastSlotStaysFree(t *testing.T) {
	keys := make([]uint64, 16)
	for i := range keys {
		keys[i] = uint64(i + 1)
	}
	empty := func() table { return newTable(make([]uint64, 16), 1, 0, 1, 100) }
	t1 := empty()
	_, ok := t1.fill(keys, 0)
	assert.False(t, ok)

	t2 := empty()
	_, ok = t2.fill(keys[:15], 0)
	assert.True(t, ok)
	assert.True(t, t2.full())

	t3 := newTable(make([]uint64, 16), 1, 0, 1, 1000)
	for _, key := range keys {
		if !t3.full() {
			t3.insert(key)
		}
	}
	assert.Equal(t, 15, t3.keys)
	assert.Zero(t, t3.slots[15])
}

// TestGrowthFollowsTheMinuteBefore checks that a burst wastes little, and that
// as many keys as before make no table grow in small steps.
func TestGrowthFollowsTheMinuteBefore(t *testing.T) {
	w, rng := roomy(1), newRand(1)
	const burst = 1_000_000
	insertAll(w, randomKeys(rng, burst))
	w.Advance(1)
	insertAll(w, randomKeys(rng, burst/20))
	assert.Less(t, w.open.bytes, int64(burst/20*keyBytes*maxJump*100/growingLoad*12/10))

	w.Advance(2)
	insertAll(w, randomKeys(rng, burst/20))
	assert.Less(t, float64(w.open.bytes)/(burst/20), 14.0)

	w.Advance(9)
	assert.Zero(t, w.arrival.before, "the minute before was idle")
}
