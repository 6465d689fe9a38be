package filestest

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// Memory is a disk with one directory, in memory. What is written to it is not
// durable before it is synced: Crash shows what is left after a loss of power.
//
// It models what POSIX promises, which is less than what ext4 does: the content
// of a file is durable after File.Sync, its name after FS.Sync, and neither
// makes the other so. Names change in the order of the operations.
type Memory struct {
	mu      sync.Mutex // guards everything below, and the inodes
	names   map[string]*inode
	durable map[string]*inode // the names on the disk
	changes []change          // what happened to names since they were on the disk
	mounted bool
}

// inode is the content of a file, whatever it is called.
type inode struct {
	content []byte
	synced  int // so many bytes are on the disk
}

// change is one operation on names: one is taken, or given, or both at once.
type change struct {
	take, give string
	inode      *inode // what has the name give
}

func (c change) apply(names map[string]*inode) {
	delete(names, c.take)
	if c.give != "" {
		names[c.give] = c.inode
	}
}

// NewMemory returns an empty disk.
func NewMemory() *Memory {
	return &Memory{names: map[string]*inode{}, durable: map[string]*inode{}}
}

// Mount opens the disk. It fails while it is mounted.
func (m *Memory) Mount() (files.FS, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mounted {
		return nil, &files.LockedError{Directory: "memory", Owner: "another mount"}
	}
	m.mounted = true
	return &mount{disk: m}, nil
}

// Names returns the names of all files, those in the quarantine too.
func (m *Memory) Names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.names))
}

// Read returns what a file holds, nil if there is none.
func (m *Memory) Read(name string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, ok := m.names[name]; ok {
		return append([]byte{}, f.content...)
	}
	return nil
}

// Edit makes a file hold something else, on the disk too, as damage does. One
// that does not exist is made.
func (m *Memory) Edit(name string, edit func([]byte) []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.names[name]
	if !ok {
		f = &inode{}
		m.names[name], m.durable[name] = f, f
	}
	f.content = edit(bytes.Clone(f.content))
	f.synced = len(f.content)
}

// free returns the name, or the first with a number behind it that is free.
func (m *Memory) free(name string) string {
	free := name
	for n := 1; m.names[free] != nil; n++ {
		free = name + "." + strconv.Itoa(n)
	}
	return free
}
