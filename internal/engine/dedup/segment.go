package dedup

import "iter"

// Segment holds the keys of one minute or, in a long window, of a period of
// some; or a part of them, if there are too many for one. The open one is written
// to under the engine's lock. One that is over never changes and may be read
// without, except for its file.
type Segment struct {
	// id grows in the order in which segments end.
	id uint64
	// minute is when the last keys arrived: all are remembered as long as these.
	minute int64
	// tables[key>>shift] has the key, if any has. While a segment grows, it has
	// parts of them, so that growing one takes little time; packed, it has one.
	tables []table
	shift  uint8
	keys   int
	bytes  int64
	// file is where the caller has stored the keys; 0: nowhere. It is guarded by
	// the engine's lock.
	file uint64
}

// tableBytes is what a table takes beside its slots.
const tableBytes = 56

// newSegment returns an empty segment that can grow.
func newSegment(id uint64, minute int64) *Segment {
	s := &Segment{id: id, minute: minute, tables: make([]table, parts), shift: 64 - partBits}
	block := make([]uint64, parts*firstSlots)
	for p := range s.tables {
		slots := block[p*firstSlots:][:firstSlots:firstSlots]
		s.tables[p] = newTable(slots, 1, p, parts, growingLoad)
	}
	s.bytes = parts*tableBytes + keyBytes*int64(len(block))
	return s
}

// Minute is when the keys arrived, in a long window the last ones. The segment
// must be over.
func (s *Segment) Minute() int64 { return s.minute }

// Len is the number of keys. The segment must be over.
func (s *Segment) Len() int { return s.keys }

// Keys returns the keys in ascending order. The segment must be over.
func (s *Segment) Keys() iter.Seq[uint64] { return s.from(0) }

// from returns the keys that are not less than first, in ascending order.
func (s *Segment) from(first uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		p := first >> s.shift
		at := s.tables[p].home(first)
		for ; p < uint64(len(s.tables)); p++ {
			for _, key := range s.tables[p].slots[at:] {
				if key != 0 && key >= first && !yield(key) {
					return
				}
			}
			at = 0
		}
	}
}

// mark marks the keys that the segment has.
func (s *Segment) mark(keys []uint64, seen []bool) {
	if s.packed() {
		s.tables[0].mark(keys, seen)
		return
	}
	for len(keys) > 0 {
		n := min(len(keys), lookahead)
		s.peek(keys[:n], seen)
		for i, key := range keys[:n] {
			if key != 0 && !seen[i] && s.table(key).has(key) {
				seen[i] = true
			}
		}
		keys, seen = keys[n:], seen[n:]
	}
}

// peek marks the few keys that are found right at home. After that the memory
// is there that the others need; see [table.mark].
func (s *Segment) peek(keys []uint64, seen []bool) {
	for i, key := range keys {
		t := s.table(key)
		if t.slots[t.home(key)] == key && key != 0 {
			seen[i] = true
		}
	}
}

func (s *Segment) table(key uint64) *table { return &s.tables[key>>s.shift] }

func (s *Segment) olderThan(other *Segment) bool {
	return s.minute < other.minute || s.minute == other.minute && s.id < other.id
}
