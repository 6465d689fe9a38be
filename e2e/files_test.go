package e2e

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// contents are the files below a directory by their path in it; directories
// and links stand for themselves.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "." {
			return err
		}
		if !entry.Type().IsRegular() {
			all[name] = entry.Type().String()
			return nil
		}
		data, err := os.ReadFile(path)
		all[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// unchanged fails the test unless a directory has what it had, in files, links
// and directories. Only the lock may name another owner.
func unchanged(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	after := contents(t, dir)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if now, ok := after[name]; name != lockFile && (!ok || now != before[name]) {
			t.Errorf("%s was changed or removed", name)
		}
	}
	for name := range after {
		if _, ok := before[name]; name != lockFile && !ok {
			t.Errorf("%s was made", name)
		}
	}
}

const lockFile = "lock"

// empty fails the test if there is anything in a directory.
func empty(t *testing.T, dir, when string) {
	t.Helper()
	for name := range contents(t, dir) {
		t.Errorf("%s: there is %s", when, name)
	}
}

// clone copies the files of a directory into a new one.
func clone(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	for name, data := range contents(t, dir) {
		if err := os.WriteFile(filepath.Join(to, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// stateFiles returns the files of a kind, as in "journal" or "snapshot", oldest
// first. Their names are numbers: notes are not among them.
func stateFiles(t *testing.T, dir, kind string) (paths []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "[0-9]*."+kind))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files of kind %s in %s: %v", kind, dir, err)
	}
	return paths
}

// stateFile returns the newest file of a kind.
func stateFile(t *testing.T, dir, kind string) (path string) {
	t.Helper()
	paths := stateFiles(t, dir, kind)
	return paths[len(paths)-1]
}

// generation is the name of a state file.
func generation(n int, kind string) string { return fmt.Sprintf("%020d.%s", n, kind) }

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func directoryInstead(t *testing.T, path string) {
	t.Helper()
	remove(t, path)
	mkdir(t, path)
}

func linkToItself(t *testing.T, path string) {
	t.Helper()
	link(t, filepath.Base(path), path)
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}
