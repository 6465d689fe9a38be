package dedup

const (
	// packedLoad is how full, in percent, the homes of a packed table are: it
	// takes 8.9 bytes a key, and most keys are in their home, the line that a
	// search reads. A sorted array with an index over the top bits takes 8.3 to
	// 8.5, and two lines at least, the second of which depends on the first.
	packedLoad = 90
	// packedTail is enough for what overflows but once in a million times.
	packedTail = 8 * lineSlots
)

// Pack returns a copy that takes less memory. The segment must be over.
func (s *Segment) Pack() *Segment {
	for tail := tailOf(s.keys); ; tail *= 2 {
		if t, ok := gather(s.tables, s.keys, tail); ok {
			return newPacked(s.id, s.minute, t)
		}
	}
}

// packSorted makes a packed segment of ascending keys.
func packSorted(id uint64, minute int64, keys []uint64) *Segment {
	// An array without gaps is a table's slots too, as far as copying goes.
	s := &Segment{id: id, minute: minute, tables: []table{{slots: keys}}, keys: len(keys)}
	return s.Pack()
}

// gather moves all keys of tables into one, unless its tail is too short.
func gather(tables []table, keys, tail int) (t table, ok bool) {
	lines, next := packedLines(keys), 0
	t = newTable(newSlots(lines*lineSlots+tail), lines, 0, 1, packedLoad)
	for i := range tables {
		if next, ok = t.fill(tables[i].slots, next); !ok {
			return table{}, false
		}
	}
	return t, true
}

func newPacked(id uint64, minute int64, t table) *Segment {
	return &Segment{
		id: id, minute: minute, tables: []table{t}, shift: 64, keys: t.keys,
		bytes: tableBytes + keyBytes*int64(len(t.slots)),
	}
}

func (s *Segment) packed() bool { return len(s.tables) == 1 }

// packedLines is how many lines of a packed table are homes.
func packedLines(keys int) int { return keys*100/(lineSlots*packedLoad) + 1 }

// tailOf is a packed table's tail. Few keys need no more than their number.
func tailOf(keys int) int { return min(keys, packedTail) + 1 }

// packedBytes is the most that a number of keys take packed. The allocator
// rounds up to a page.
func packedBytes(keys int) int64 {
	return tableBytes + keyBytes*int64(packedLines(keys)*lineSlots+tailOf(keys)) + pageBytes
}

// pageBytes is what memory is made of.
const pageBytes = 8 << 10
