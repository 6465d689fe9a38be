package filestest

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// Place opens one place for files again and again. It fails while the FS that
// it returned last is not closed.
type Place func() (files.FS, error)

// InDirectory is a place in a directory of its own.
func InDirectory(t testing.TB) Place {
	t.Helper()
	dir := t.TempDir()
	return func() (files.FS, error) {
		d, err := files.Open(dir, "the test")
		if err != nil {
			return nil, err
		}
		return d, nil
	}
}

// InMemory is a place in memory.
func InMemory() Place { return NewMemory().Mount }

// Copy copies the files of src into dst, except what keeps others out of a
// directory, and syncs them.
func Copy(dst, src files.FS) error {
	entries, err := src.List()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Regular || e.Name == files.LockName {
			continue
		}
		if err := copyFile(dst, src, e.Name); err != nil {
			return fmt.Errorf("copy `%s`: %w", e.Name, err)
		}
	}
	return dst.Sync()
}

func copyFile(dst, src files.FS, name string) (err error) {
	from, err := src.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := dst.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err == nil {
		err = to.Sync()
	}
	return errors.Join(err, to.Close())
}
