// Package files is the directory that a journal lives in.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
)

// FS is a place for files that one writer has for itself until Close. Names
// have no path separators. A directory is one (see [Open]), a storage
// extension another (package storage); tests put one that fails in its place,
// operation by operation.
//
// After an error an operation may have taken effect or not.
type FS interface {
	List() ([]Entry, error)
	Open(name string) (io.ReadCloser, error)
	// Create makes a file that must not exist.
	Create(name string) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	// Quarantine moves a file away from the others for good, without replacing
	// what was moved before, and returns where it is.
	Quarantine(name string) (string, error)
	// Sync makes created, renamed and removed names durable.
	Sync() error
	// Close lets the next writer in.
	Close() error
}

// File is a file being written.
type File interface {
	io.Writer
	Sync() error
	Close() error
}

// Entry is what List says of a name.
type Entry struct {
	Name string
	// Regular says that it is a file and nothing else.
	Regular bool
	Size    int64 // bytes
}

// QuarantineName is the folder of files that were moved away.
const QuarantineName = "quarantine"

// Directory is the operating system's FS, confined to one directory: no name
// and no symbolic link leads out of it. Directories have mode 0700, files 0600.
type Directory struct {
	root *os.Root
	lock *lock
}

// Open opens a directory, making it if it is missing, and locks it. The owner
// is named to whoever finds it locked.
func Open(dir, owner string) (*Directory, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	return lockRoot(root, dir, owner)
}

// lockRoot locks a directory that is open.
func lockRoot(root *os.Root, dir, owner string) (*Directory, error) {
	lock, err := acquire(dir, owner)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &Directory{root: root, lock: lock}, nil
}

// List returns what is in the directory.
func (d *Directory) List() ([]Entry, error) {
	found, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(found))
	for _, f := range found {
		e := Entry{Name: f.Name(), Regular: f.Type().IsRegular()}
		if info, err := f.Info(); err == nil {
			e.Size = info.Size()
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Open opens a file for reading.
func (d *Directory) Open(name string) (io.ReadCloser, error) { return d.root.Open(name) }

// Create makes a file that must not exist.
func (d *Directory) Create(name string) (File, error) {
	return d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// Rename renames a file.
func (d *Directory) Rename(from, to string) error { return d.root.Rename(from, to) }

// Remove removes a file.
func (d *Directory) Remove(name string) error { return d.root.Remove(name) }

// maxNames bounds the search for a free name in the quarantine.
const maxNames = 10_000

// Quarantine moves a file into the folder `quarantine`.
func (d *Directory) Quarantine(name string) (string, error) {
	if err := d.root.Mkdir(QuarantineName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	to := path.Join(QuarantineName, name)
	for n := 1; ; n++ {
		_, err := d.root.Lstat(to)
		if errors.Is(err, fs.ErrNotExist) {
			return to, d.root.Rename(name, to)
		}
		if err != nil || n == maxNames {
			return "", errors.Join(err, fmt.Errorf("no free name for `%s` in `%s`", name, QuarantineName))
		}
		to = path.Join(QuarantineName, name+"."+strconv.Itoa(n))
	}
}

// Sync makes created, renamed and removed names durable.
func (d *Directory) Sync() error {
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Close lets go of the directory.
func (d *Directory) Close() error { return errors.Join(d.root.Close(), d.lock.unlock()) }
