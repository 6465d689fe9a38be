package storage

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// maxDeletes bounds how many blocks one Batch deletes: clients hold all of a
// Batch in memory, and others wait for it.
const maxDeletes = 256

// manifest is which files there are. One that was committed is never changed;
// steps change a clone.
type manifest struct {
	next    uint64  // number of the next file, from 1 on
	files   []entry // by name
	garbage []extent
}

// entry is a file.
type entry struct {
	name string
	extent
	size int64 // bytes
}

func (m *manifest) clone() *manifest {
	return &manifest{next: m.next, files: slices.Clone(m.files), garbage: slices.Clone(m.garbage)}
}

func (m *manifest) search(name string) (at int, ok bool) {
	return slices.BinarySearchFunc(m.files, name, func(e entry, name string) int { return cmp.Compare(e.name, name) })
}

// lookup returns the file of a name.
func (m *manifest) lookup(name string) (entry, bool) {
	if at, ok := m.search(name); ok {
		return m.files[at], true
	}
	return entry{}, false
}

// numbered returns the file of a number, nil if it is gone. Whoever has a file
// open knows it by that: names change.
func (m *manifest) numbered(number uint64) *entry {
	for i := range m.files {
		if m.files[i].number == number {
			return &m.files[i]
		}
	}
	return nil
}

// put adds a file, whose name must be free.
func (m *manifest) put(e entry) {
	at, _ := m.search(e.name)
	m.files = slices.Insert(m.files, at, e)
}

// take takes a file out.
func (m *manifest) take(name string) (entry, bool) {
	at, ok := m.search(name)
	if !ok {
		return entry{}, false
	}
	e := m.files[at]
	m.files = slices.Delete(m.files, at, at+1)
	return e, true
}

// discard returns the operations that delete the blocks of a file that was
// taken out. Those that are too many for one Batch become garbage.
func (m *manifest) discard(e extent) []*storage.Operation {
	ops := e.deleteLast(nil, maxDeletes)
	if e.blocks > 0 {
		m.garbage = append(m.garbage, e)
	}
	return ops
}

// sweep returns the operations that delete some of the garbage.
func (m *manifest) sweep() []*storage.Operation {
	last := &m.garbage[len(m.garbage)-1]
	ops := last.deleteLast(nil, maxDeletes)
	if last.blocks == 0 {
		m.garbage = m.garbage[:len(m.garbage)-1]
	}
	return ops
}
