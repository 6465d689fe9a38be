package meter

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// mortal is the disk as one process sees it, which dies in the middle of one of
// its operations: nothing that it does from then on has an effect.
type mortal struct {
	files.FS
	mu   sync.Mutex // guards everything below
	rng  *rand.Rand
	left int // operations until it dies; 0: it lives on
	gone bool
}

var errDead = errors.New("the process is dead")

// dieIn lets the process die with one of its next operations.
func (d *mortal) dieIn(operations int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = operations
}

// die lets it die now.
func (d *mortal) die() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone = true
}

func (d *mortal) dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gone
}

// step counts an operation.
func (d *mortal) step() error {
	_, err := d.stepWriting(0)
	return err
}

// stepWriting counts an operation that writes so many bytes, and says how many are
// written all the same if the process dies of it.
func (d *mortal) stepWriting(bytes int) (written int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.gone:
		return 0, errDead
	case d.left == 0:
		return bytes, nil
	}
	d.left--
	if d.left > 0 {
		return bytes, nil
	}
	d.gone = true
	return d.rng.IntN(bytes + 1), errDead
}

func (d *mortal) List() ([]files.Entry, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	return d.FS.List()
}

func (d *mortal) Open(name string) (io.ReadCloser, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	return d.FS.Open(name)
}

func (d *mortal) Create(name string) (files.File, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	file, err := d.FS.Create(name)
	if err != nil {
		return nil, err
	}
	return &mortalFile{File: file, disk: d}, nil
}

func (d *mortal) Rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.FS.Rename(from, to)
}

func (d *mortal) Remove(name string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.FS.Remove(name)
}

func (d *mortal) Quarantine(name string) (string, error) {
	if err := d.step(); err != nil {
		return "", err
	}
	return d.FS.Quarantine(name)
}

func (d *mortal) Sync() error {
	if err := d.step(); err != nil {
		return err
	}
	return d.FS.Sync()
}

type mortalFile struct {
	files.File
	disk *mortal
}

// Write writes, or a part if the process dies of it.
func (f *mortalFile) Write(p []byte) (int, error) {
	some, err := f.disk.stepWriting(len(p))
	if err == nil {
		return f.File.Write(p)
	}
	_, _ = f.File.Write(p[:some])
	return 0, err
}

func (f *mortalFile) Sync() error {
	if err := f.disk.step(); err != nil {
		return err
	}
	return f.File.Sync()
}
