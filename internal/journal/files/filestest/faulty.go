package filestest

import (
	"io"
	"sync"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// Faulty counts the operations on an FS and lets some of them fail.
type Faulty struct {
	files.FS

	mu     sync.Mutex // guards everything below
	ops    int
	mode   Mode
	failAt int // number of the operation that fails; 0: none
	sticky bool
	syncs  int
}

// New wraps an FS; nothing fails yet.
func New(fsys files.FS) *Faulty { return &Faulty{FS: fsys} }

// List lists, or fails.
func (f *Faulty) List() (entries []files.Entry, err error) {
	err = f.do(opList, func() (err error) {
		entries, err = f.FS.List()
		return err
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// Open opens a file that fails like the FS, or fails.
func (f *Faulty) Open(name string) (io.ReadCloser, error) {
	var file io.ReadCloser
	err := f.do(opOpen, func() (err error) {
		file, err = f.FS.Open(name)
		return err
	})
	if err != nil {
		return nil, closed(file, err)
	}
	return &faultyReader{ReadCloser: file, fs: f}, nil
}

// closed closes what was opened although opening it fails.
func closed(opened io.Closer, err error) error {
	if opened != nil {
		_ = opened.Close()
	}
	return err
}

// Create creates a file that fails like the FS, or fails.
func (f *Faulty) Create(name string) (files.File, error) {
	var file files.File
	err := f.do(opCreate, func() (err error) {
		file, err = f.FS.Create(name)
		return err
	})
	if err != nil {
		return nil, closed(file, err)
	}
	return &faultyFile{File: file, fs: f}, nil
}

// Rename renames, or fails.
func (f *Faulty) Rename(from, to string) error {
	return f.do(opRename, func() error { return f.FS.Rename(from, to) })
}

// Remove removes, or fails.
func (f *Faulty) Remove(name string) error {
	return f.do(opRemove, func() error { return f.FS.Remove(name) })
}

// Quarantine moves away, or fails.
func (f *Faulty) Quarantine(name string) (to string, err error) {
	err = f.do(opQuarantine, func() (err error) {
		to, err = f.FS.Quarantine(name)
		return err
	})
	if err != nil {
		return "", err
	}
	return to, nil
}

// Sync syncs, or fails.
func (f *Faulty) Sync() error { return f.do(opSync, f.FS.Sync) }

// faultyFile is a file of a Faulty that is being written.
type faultyFile struct {
	files.File
	fs *Faulty
}

// Write writes, or fails. A write that fails without effect is written by half.
func (f *faultyFile) Write(p []byte) (int, error) {
	effect, fault := f.fs.fault(opWrite)
	if !effect {
		p = p[:len(p)/2]
	}
	n, err := f.File.Write(p)
	if fault != nil {
		return n, fault
	}
	return n, err
}

// Sync syncs, or fails.
func (f *faultyFile) Sync() error {
	return f.fs.do(opSync, func() error {
		f.fs.mu.Lock()
		f.fs.syncs++
		f.fs.mu.Unlock()
		return f.File.Sync()
	})
}

// Close closes, and may fail all the same.
func (f *faultyFile) Close() error {
	err := f.File.Close()
	if _, fault := f.fs.fault(opClose); fault != nil {
		return fault
	}
	return err
}

// faultyReader is a file of a Faulty that is being read.
type faultyReader struct {
	io.ReadCloser
	fs *Faulty
}

// Read reads, or fails.
func (f *faultyReader) Read(p []byte) (int, error) {
	if _, fault := f.fs.fault(opRead); fault != nil {
		return 0, fault
	}
	return f.ReadCloser.Read(p)
}
