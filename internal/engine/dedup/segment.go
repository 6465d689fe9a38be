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

const (
	// tableBytes is what a table takes beside its slots.
	tableBytes = 56
	// lookahead is how many keys are worked on together: the memory that they
	// need is waited for once, not for each.
	lookahead = 64
)

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

// mark marks the keys that the segment has. The homes of many keys are read
// first, with no decision in between that would have to wait for memory.
func (s *Segment) mark(keys []uint64, seen []bool) {
	var homes, held [lookahead]uint64
	for len(keys) > 0 {
		n := min(len(keys), lookahead)
		for i, key := range keys[:n] {
			t := s.table(key)
			homes[i] = t.home(key)
			held[i] = t.slots[homes[i]]
		}
		for i, key := range keys[:n] {
			at, found := homes[i], held[i]
			if found-1 < key-1 {
				t := s.table(key)
				found = t.slots[t.seek(key, at+1)]
			}
			if found == key && key != 0 {
				seen[i] = true
			}
		}
		keys, seen = keys[n:], seen[n:]
	}
}

// peek marks those keys that are found right at home. It does for the open
// segment what mark begins with: the memory is there when keys are inserted.
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
