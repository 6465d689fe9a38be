package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// table finds series by slot and by key. Slots are dense and are what the
// journal calls a series by.
type table struct {
	slots []*series
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

// next is the slot that the next new series takes.
func (t *table) next() uint32 { return uint32(len(t.slots)) }

// put stores a new series in the next slot.
func (t *table) put(s *series) {
	slot := t.next()
	t.slots = append(t.slots, s)
	at := s.hash
	for t.taken(at) {
		at++
	}
	t.byHash[at] = slot
}

func (t *table) taken(at uint64) bool {
	_, ok := t.byHash[at]
	return ok
}
