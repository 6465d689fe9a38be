package engine

import (
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// table finds series by slot and by key. Slots are dense and are what the
// journal calls a series by; that of a series which has ended is given out again.
type table struct {
	slots []*series
	// free are slots that were left; some may have been taken again.
	free []uint32
	// byHash maps a key's hash to its slot; a series whose hash is taken by
	// another key sits at the next free number. The built-in map grows in
	// small steps, so that no commit waits for a million entries to move.
	byHash  map[uint64]uint32
	builder usage.KeyBuilder // of keys that are looked up
}

func newTable() table { return table{byHash: map[uint64]uint32{}} }

// find returns the slot of a key.
func (t *table) find(key []byte, hash uint64) (slot uint32, ok bool) {
	for at := hash; ; at++ {
		slot, ok = t.byHash[at]
		if !ok || string(t.slots[slot].key) == string(key) {
			return slot, ok
		}
	}
}

// at returns the series in a slot, nil when there is none.
func (t *table) at(slot uint32) *series {
	if uint64(slot) >= uint64(len(t.slots)) {
		return nil
	}
	return t.slots[slot]
}

// end is the slot behind the last one.
func (t *table) end() uint32 { return uint32(len(t.slots)) }

// vacant returns a slot without a series, for one that is put there at once.
func (t *table) vacant() uint32 {
	for i, slot := range slices.Backward(t.free) {
		t.free = t.free[:i]
		if t.slots[slot] == nil {
			return slot
		}
	}
	return t.end()
}

// put stores a new series in a slot that has none.
func (t *table) put(slot uint32, s *series) {
	t.reach(slot)
	if slot == t.end() {
		t.slots = append(t.slots, s)
	} else {
		t.slots[slot] = s
	}
	t.index(slot)
}

// reach makes the slots before one exist.
func (t *table) reach(end uint32) {
	for slot := t.end(); slot < end; slot++ {
		t.slots = append(t.slots, nil)
		t.free = append(t.free, slot)
	}
}

// index makes the series in a slot be found.
func (t *table) index(slot uint32) {
	at := t.slots[slot].hash
	for t.taken(at) {
		at++
	}
	t.byHash[at] = slot
}

// remove takes the series out of a slot.
func (t *table) remove(slot uint32) {
	at := t.slots[slot].hash
	for t.byHash[at] != slot {
		at++
	}
	delete(t.byHash, at)
	t.slots[slot] = nil
	t.free = append(t.free, slot)
	// Whatever sits behind it may have been looking for its place.
	for at++; t.taken(at); at++ {
		moved := t.byHash[at]
		delete(t.byHash, at)
		t.index(moved)
	}
}

func (t *table) taken(at uint64) bool {
	_, ok := t.byHash[at]
	return ok
}
