// Package files is the directory that a journal lives in.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// FS is a directory. Names have no path separators.
// The operating system's is the one that runs; tests put one that fails in its
// place, operation by operation.
type FS interface {
	List() ([]fs.DirEntry, error)
	Open(name string) (io.ReadCloser, error)
	// Create makes a file that must not exist, mode 0600.
	Create(name string) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	// Sync makes created, renamed and removed names durable.
	Sync() error
	Close() error
}

// File is a file being written.
type File interface {
	io.Writer
	Sync() error
	Close() error
}

// Directory is the operating system's FS, confined to one directory: no name
// and no symbolic link leads out of it.
type Directory struct{ root *os.Root }

// Open opens a directory, making it (mode 0700) if it is missing.
func Open(path string) (*Directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	return &Directory{root: root}, nil
}

// List returns what is in the directory.
func (d *Directory) List() ([]fs.DirEntry, error) {
	return fs.ReadDir(d.root.FS(), ".")
}

// Open opens a file for reading.
func (d *Directory) Open(name string) (io.ReadCloser, error) { return d.root.Open(name) }

// Create makes a file that must not exist, mode 0600.
func (d *Directory) Create(name string) (File, error) {
	return d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// Rename renames a file.
func (d *Directory) Rename(from, to string) error { return d.root.Rename(from, to) }

// Remove removes a file.
func (d *Directory) Remove(name string) error { return d.root.Remove(name) }

// Sync makes created, renamed and removed names durable.
func (d *Directory) Sync() error {
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Close lets go of the directory.
func (d *Directory) Close() error { return d.root.Close() }
