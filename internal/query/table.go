package query

import (
	"hash/maphash"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// group is what rows that are not told apart amount to. It has no pointers, which somebody
// would have to follow: there may be as many groups as there are series.
type group struct {
	layout int32 // of the key's values
	key    span
	hash   uint64 // of the key
	usage.Measures
	firstTokens Timed
	lastSeen    int64
}

// span is where a key is.
type span struct{ chunk, from, until int32 }

// groupTable is a hash table of groups. They, and their keys, stay where they are when it grows.
type groupTable struct {
	seed  maphash.Seed
	slots []int32 // number + 1 of a group; 0: free. No more than half are in use
	pages [][]group
	keys  [][]byte // in chunks
	count int
}

const (
	fewestSlots = 64
	pageSize    = 128       // groups
	chunkSize   = 128 << 10 // bytes; more if a key is longer
)

func newGroupTable() groupTable {
	return groupTable{seed: maphash.MakeSeed(), slots: make([]int32, fewestSlots)}
}

func (t *groupTable) group(n int) *group { return &t.pages[n/pageSize][n%pageSize] }

func (t *groupTable) keyOf(g *group) []byte { return t.keys[g.key.chunk][g.key.from:g.key.until] }

// find returns the group with a key; nil if there is none.
func (t *groupTable) find(key []byte) *group {
	slot := t.slot(key, maphash.Bytes(t.seed, key))
	if n := t.slots[slot]; n > 0 {
		return t.group(int(n - 1))
	}
	return nil
}

// slot is where the group with a key is, or belongs if there is none.
func (t *groupTable) slot(key []byte, hash uint64) uint64 {
	mask := uint64(len(t.slots) - 1)
	slot := hash & mask
	for ; t.slots[slot] > 0; slot = (slot + 1) & mask {
		if g := t.group(int(t.slots[slot] - 1)); g.hash == hash && string(t.keyOf(g)) == string(key) {
			break
		}
	}
	return slot
}

// lookUp returns the group with a key, which is a new one if there was none.
func (t *groupTable) lookUp(key []byte) (g *group, found bool) {
	hash := maphash.Bytes(t.seed, key)
	slot := t.slot(key, hash)
	if n := t.slots[slot]; n > 0 {
		return t.group(int(n - 1)), true
	}
	if t.count%pageSize == 0 {
		t.pages = append(t.pages, make([]group, pageSize))
	}
	t.count++
	t.slots[slot] = int32(t.count)
	g = t.group(t.count - 1)
	g.key, g.hash = t.keep(key), hash
	if 2*t.count >= len(t.slots) {
		t.grow()
	}
	return g, false
}

// keep copies a key.
func (t *groupTable) keep(key []byte) span {
	last := len(t.keys) - 1
	if last < 0 || cap(t.keys[last])-len(t.keys[last]) < len(key) {
		t.keys = append(t.keys, make([]byte, 0, max(min(chunkSize, 64*t.count*len(key)), len(key))))
		last++
	}
	from := len(t.keys[last])
	t.keys[last] = append(t.keys[last], key...)
	return span{int32(last), int32(from), int32(len(t.keys[last]))}
}

func (t *groupTable) grow() {
	t.slots = make([]int32, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for n := range t.count {
		slot := t.group(n).hash & mask
		for t.slots[slot] > 0 {
			slot = (slot + 1) & mask
		}
		t.slots[slot] = int32(n + 1)
	}
}
