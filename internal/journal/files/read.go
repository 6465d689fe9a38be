package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// OpenToRead opens a directory that is there and in which nobody writes, to read from it:
// nothing is made, and whoever reads, too, may come in. One without a lock, such as a
// copy of another one, is nobody's.
func OpenToRead(dir string) (*Directory, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	lock, err := share(dir)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &Directory{root: root, lock: lock}, nil
}

// share takes the directory's lock with others who read.
func share(dir string) (*lock, error) {
	path := filepath.Join(dir, LockName)
	f := flock.New(path, flock.SetFlag(os.O_RDONLY))
	ok, err := f.TryRLock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &lock{flock: f}, nil
	case err != nil:
		return nil, fmt.Errorf("lock `%s`: %w", path, err)
	case !ok:
		return nil, &LockedError{Directory: dir, Owner: ownerOf(path)}
	}
	return &lock{flock: f}, nil
}
