package files

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// LockName is the file that is locked.
const LockName = "lock"

// maxOwnerBytes is how much of a lock file is worth quoting.
const maxOwnerBytes = 256

// LockedError says that another process, or another component of this one,
// writes to the directory.
type LockedError struct {
	Directory string
	Owner     string
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("`%s` is in use by %s: every collector, and every component in it, needs a directory of its own", e.Directory, e.Owner)
}

// lock is held on a directory by its only writer.
type lock struct{ flock *flock.Flock }

// unlock lets the next writer in.
func (l *lock) unlock() error { return l.flock.Unlock() }

// acquire takes the directory's lock without waiting and leaves the owner's
// name for whoever comes second. The kernel frees it when the process dies.
func acquire(dir, owner string) (*lock, error) {
	path := filepath.Join(dir, LockName)
	f := flock.New(path, flock.SetPermissions(0o600), flock.SetFlag(os.O_CREATE|os.O_RDWR))
	ok, err := f.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock `%s`: %w", path, err)
	}
	if !ok {
		return nil, &LockedError{Directory: dir, Owner: ownerOf(path)}
	}
	if err := os.WriteFile(path, []byte(owner+"\n"), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("write `%s`: %w", path, err), f.Unlock())
	}
	return &lock{flock: f}, nil
}

func ownerOf(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "an unknown owner"
	}
	owner := strings.TrimSpace(string(text[:min(len(text), maxOwnerBytes)]))
	if owner == "" {
		return "an unknown owner"
	}
	return owner
}
