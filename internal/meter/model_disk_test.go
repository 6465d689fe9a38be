package meter

import (
	"errors"
	"io"
	"math/rand/v2"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// mortal is the disk as one process sees it, which dies in the middle of one of
// its operations: nothing that it does from then on has an effect.
type mortal struct {
	files.FS
	rng  *rand.Rand
	left int // operations until it dies; 0: it lives on
	dead bool
}

var errDead = errors.New("the process is dead")

// step counts an operation.
func (d *mortal) step() error {
	if d.dead {
		return errDead
	}
	if d.left == 0 {
		return nil
	}
	d.left--
	if d.left == 0 {
		d.dead = true
		return errDead
	}
	return nil
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
	alive := !f.disk.dead
	err := f.disk.step()
	if err == nil {
		return f.File.Write(p)
	}
	if alive {
		_, _ = f.File.Write(p[:f.disk.rng.IntN(len(p)+1)])
	}
	return 0, err
}

func (f *mortalFile) Sync() error {
	if err := f.disk.step(); err != nil {
		return err
	}
	return f.File.Sync()
}
