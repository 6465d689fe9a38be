// Package filestest has a directory whose operations fail when told to.
package filestest

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// ErrFault is the error of an operation that was told to fail.
var ErrFault = errors.New("injected fault")

// Faulty counts the operations on a directory and lets some of them fail. Half
// of a write that fails is written, as when a disk is full.
type Faulty struct {
	files.FS

	mu     sync.Mutex // guards everything below
	ops    int
	failAt int // number of the operation that fails; 0: none
	sticky bool
	syncs  int
}

// New wraps a directory; nothing fails yet.
func New(fsys files.FS) *Faulty { return &Faulty{FS: fsys} }

// FailAt lets operation n fail, counted from the first one ever, and with
// sticky every one after it.
func (f *Faulty) FailAt(n int, sticky bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failAt, f.sticky = n, sticky
}

// FailNow lets the next operation fail, and with sticky every one after it.
func (f *Faulty) FailNow(sticky bool) { f.FailAt(f.Ops()+1, sticky) }

// Heal lets nothing fail any more.
func (f *Faulty) Heal() { f.FailAt(0, false) }

// Ops is how many operations there were.
func (f *Faulty) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ops
}

// Syncs is how often a file was synced.
func (f *Faulty) Syncs() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.syncs
}

func (f *Faulty) fault() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ops++
	if f.failAt > 0 && (f.ops == f.failAt || f.sticky && f.ops > f.failAt) {
		return fmt.Errorf("operation %d: %w", f.ops, ErrFault)
	}
	return nil
}

// List lists, or fails.
func (f *Faulty) List() ([]files.Entry, error) {
	if err := f.fault(); err != nil {
		return nil, err
	}
	return f.FS.List()
}

// Open opens, or fails.
func (f *Faulty) Open(name string) (io.ReadCloser, error) {
	if err := f.fault(); err != nil {
		return nil, err
	}
	return f.FS.Open(name)
}

// Create creates a file that fails like the directory, or fails.
func (f *Faulty) Create(name string) (files.File, error) {
	if err := f.fault(); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name)
	if err != nil {
		return nil, err
	}
	return &faultyFile{File: file, fs: f}, nil
}

// Rename renames, or fails.
func (f *Faulty) Rename(from, to string) error {
	if err := f.fault(); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

// Remove removes, or fails.
func (f *Faulty) Remove(name string) error {
	if err := f.fault(); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

// Quarantine moves away, or fails.
func (f *Faulty) Quarantine(name string) (string, error) {
	if err := f.fault(); err != nil {
		return "", err
	}
	return f.FS.Quarantine(name)
}

// Sync syncs, or fails.
func (f *Faulty) Sync() error {
	if err := f.fault(); err != nil {
		return err
	}
	return f.FS.Sync()
}

// faultyFile is a file of a Faulty.
type faultyFile struct {
	files.File
	fs *Faulty
}

// Write writes, or writes half and fails.
func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.fs.fault(); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

// Sync syncs, or fails.
func (f *faultyFile) Sync() error {
	if err := f.fs.fault(); err != nil {
		return err
	}
	f.fs.mu.Lock()
	f.fs.syncs++
	f.fs.mu.Unlock()
	return f.File.Sync()
}

// Close closes, and may fail all the same.
func (f *faultyFile) Close() error {
	err := f.File.Close()
	if fault := f.fs.fault(); fault != nil {
		return fault
	}
	return err
}
