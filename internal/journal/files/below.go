package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrName says that a name is not that of a directory below another one.
var ErrName = errors.New("is not the name of a directory below the configured one")

// CheckBelow returns nil if OpenBelow can use a name, as far as is known without making
// anything; otherwise ErrName says why not.
func CheckBelow(dir, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(checkPath(root, name), root.Close())
}

// OpenBelow is Open for a directory of a name below another one: no symbolic link leads
// there. The other one is made if it is missing, but not locked.
func OpenBelow(dir, name, owner string) (*Directory, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	base, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	root, err := openBelow(base, name)
	if err := errors.Join(err, base.Close()); err != nil {
		return nil, err
	}
	return lockRoot(root, filepath.Join(dir, name), owner)
}

func openBelow(base *os.Root, name string) (*os.Root, error) {
	if err := checkPath(base, name); err != nil {
		return nil, err
	}
	if err := base.MkdirAll(name, 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	root, err := base.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	return root, nil
}

// longestName is more than anybody needs, and less than file systems accept.
const longestName = 200

// checkName accepts letters, digits, `-` and `_`, in parts between slashes. Files of ours
// have a dot in their names, except for two.
func checkName(name string) error {
	if len(name) > longestName {
		return fmt.Errorf("%w: it is longer than %d bytes", ErrName, longestName)
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "":
			return fmt.Errorf("%w: it is absolute, or a part of it is empty", ErrName)
		case strings.ContainsFunc(part, strange):
			return fmt.Errorf("%w: it has something else than letters, digits, `-`, `_` and `/`", ErrName)
		case strings.EqualFold(part, QuarantineName) || strings.EqualFold(part, LockName) || !filepath.IsLocal(part):
			return fmt.Errorf("%w: %q is needed for something else", ErrName, part)
		}
	}
	return nil
}

func strange(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_", r)
}

// checkPath refuses what is there under a name, or a part of it, and is no directory.
func checkPath(root *os.Root, name string) error {
	for end := range name + "/" {
		if end < len(name) && name[end] != '/' {
			continue
		}
		info, err := root.Lstat(name[:end])
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink != 0:
			return fmt.Errorf("%w: %q is a symbolic link", ErrName, name[:end])
		case !info.IsDir():
			return fmt.Errorf("%w: %q is a file", ErrName, name[:end])
		}
	}
	return nil
}
