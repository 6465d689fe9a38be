package dedup

import "math/bits"

// table is a hash table with open addressing whose hash function keeps the
// order: a key's home is the line that is as far into the table as the key is
// into the table's range, and keys stand in ascending order from there on. So a
// table is sorted at any time, with gaps in between: a search ends at the first
// greater key, and to grow, to pack and to copy is one pass over memory.
//
// Keys are expected to be spread evenly, as a keyed hash is. Others make a table
// slow, never wrong, and never bigger than a few times its keys.
type table struct {
	// slots hold the keys, 0 is free. The last one always is, so that no search
	// runs out. The lines that are homes come first, then the tail, which takes
	// what overflows from them.
	slots []uint64
	// scale and base turn a key into its home.
	scale, base uint64
	keys        int
	// limit is the number of keys at which the table has to grow.
	limit int
}

const (
	// lineSlots are in a cache line, which is what a look at a key's home costs.
	lineSlots = 8
	keyBytes  = 8
	// lookahead is how many keys are worked on together.
	lookahead = 64
)

// newTable makes a table of empty slots for one of equal parts of all keys. It
// takes load percent of the slots that are homes.
func newTable(slots []uint64, lines, part, parts, load int) table {
	return table{
		slots: slots, limit: lines * lineSlots * load / 100,
		scale: uint64(lines) * uint64(parts), base: uint64(lines) * uint64(part),
	}
}

// newSlots allocates at least n slots, as many as the allocator has room for.
func newSlots(n int) []uint64 {
	slots := append([]uint64(nil), make([]uint64, n)...)
	slots = slots[:cap(slots)]
	clear(slots[n:])
	return slots
}

// home is the first slot that a key may be in.
func (t *table) home(key uint64) uint64 {
	line, _ := bits.Mul64(key, t.scale)
	return (line - t.base) * lineSlots
}

// seek returns the slot that a key is in or belongs in: the first from its home
// on that is free or holds no smaller key. Less 1, free is the greatest.
func (t *table) seek(key uint64) uint64 {
	at := t.home(key)
	for t.slots[at]-1 < key-1 {
		at++
	}
	return at
}

// has reports whether the table has a key, which is not 0.
func (t *table) has(key uint64) bool { return t.slots[t.seek(key)] == key }

// mark marks the keys that the table has. It looks at the homes of many before
// it seeks one, so that memory is waited for once; few are found there, but no
// decision has to wait. It spells out home and seek to be a third faster.
func (t *table) mark(keys []uint64, seen []bool) {
	slots, scale, base := t.slots, t.scale, t.base
	for len(keys) > 0 {
		n := min(len(keys), lookahead)
		for i, key := range keys[:n] {
			line, _ := bits.Mul64(key, scale)
			if slots[(line-base)*lineSlots] == key && key != 0 {
				seen[i] = true
			}
		}
		for i, key := range keys[:n] {
			line, _ := bits.Mul64(key, scale)
			at := (line - base) * lineSlots
			for slots[at]-1 < key-1 {
				at++
			}
			if slots[at] == key && key != 0 {
				seen[i] = true
			}
		}
		keys, seen = keys[n:], seen[n:]
	}
}

// full reports whether the table has to grow before the next insert.
func (t *table) full() bool { return t.keys >= t.limit }

// insert adds a key, which is not 0, and reports whether it is new. The table
// must not be full.
func (t *table) insert(key uint64) (added bool) {
	at := t.seek(key)
	if t.slots[at] == key {
		return false
	}
	for ; key != 0; at++ {
		t.slots[at], key = key, t.slots[at]
	}
	t.placed(1, int(at))
	return true
}

// fill adds the keys of sorted slots, which are greater than all in the table,
// from slot next on. It returns where it ended, and whether all fitted.
func (t *table) fill(slots []uint64, next int) (end int, ok bool) {
	keys := 0
	for _, key := range slots {
		if key == 0 {
			continue
		}
		next = max(next, int(t.home(key)))
		if next >= len(t.slots)-1 {
			return next, false
		}
		t.slots[next] = key
		next++
		keys++
	}
	t.placed(keys, next)
	return next, true
}

// placed counts new keys, the last of which is in front of slot end. If only the
// last slot is left there, the next key might take it: then the table is full.
func (t *table) placed(keys, end int) {
	t.keys += keys
	if end >= len(t.slots)-1 {
		t.limit = t.keys
	}
}
