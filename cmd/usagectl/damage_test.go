package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/cli"
	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// played is what a command has written and exited with.
type played struct {
	code     cli.Code
	out, err string
}

func play(t *testing.T, args ...string) played {
	t.Helper()
	var out, errors bytes.Buffer
	code := cli.Run(t.Context(), &cli.Environment{
		In: strings.NewReader(""), Out: &out, Err: &errors,
		Getenv: func(string) string { return "" }, Now: time.Now, Version: "test",
	}, args)
	return played{code: cli.Code(code), out: out.String(), err: errors.String()}
}

// busyState is a state with every kind of file.
func busyState(t *testing.T) string {
	t.Helper()
	return stateOf(t, history{days: 3, models: 2, interval: time.Minute, busy: true})
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "state")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func stateFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != "lock" {
			names = append(names, entry.Name())
		}
	}
	return names
}

// A bit of any byte of any file, but of the lock, is found; nothing is changed by looking.
func TestVerifyFindsEveryFlippedByte(t *testing.T) {
	dir := busyState(t)
	kinds := map[string]bool{}
	for _, name := range stateFiles(t, dir) {
		kinds[filepath.Ext(name)] = true
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(whole); at += 1 + len(whole)/40 {
			broken := bytes.Clone(whole)
			broken[at] ^= 0x10
			write(t, path, broken)
			if got := play(t, "verify", dir); !noticed(name, at, got) {
				t.Errorf("%s, byte %d of %d: exit code %d, %s%s", name, at, len(whole), got.code, got.out, got.err)
			}
		}
		write(t, path, whole)
	}
	for _, kind := range []string{".journal", ".snapshot", ".history", ".keys", ".window"} {
		if !kinds[kind] {
			t.Errorf("the state has no file of kind %s", kind)
		}
	}
	if got := play(t, "verify", dir); got.code != cli.Done {
		t.Errorf("the state that was mended: exit code %d, %s%s", got.code, got.out, got.err)
	}
}

// versionBytes are those of the format's version, behind the magic.
const versionFrom, versionTo = 8, 12

// noticed says whether damage of a byte was. What claims to be of a later version is not
// touched; what stands last in a journal may as well be a write that was never finished.
func noticed(name string, at int, got played) bool {
	switch {
	case at >= versionFrom && at < versionTo:
		return got.code == cli.Damaged || got.code == cli.Unreachable && strings.Contains(got.err, "format version")
	case filepath.Ext(name) == ".journal" && got.code == cli.Done:
		return strings.Contains(got.out, "Torn: ")
	default:
		return got.code == cli.Damaged && strings.Contains(got.out, "`"+name+"`")
	}
}

// Whatever else may become of a file is found as well.
func TestVerifyFindsDamage(t *testing.T) {
	whole := busyState(t)
	for _, tt := range []struct {
		name string
		harm func(t *testing.T, path string)
		// kinds are those that it is damage to.
		kinds []string
	}{
		{"cut in half", func(t *testing.T, path string) { truncate(t, path, 2) }, []string{".snapshot", ".history", ".keys", ".window"}},
		{"empty", func(t *testing.T, path string) { write(t, path, nil) }, []string{".snapshot", ".history", ".keys", ".window"}},
		{"zeros", func(t *testing.T, path string) { write(t, path, make([]byte, 500)) }, []string{".snapshot", ".history", ".keys", ".window"}},
		{"longer", func(t *testing.T, path string) { write(t, path, append(read(t, path), 1, 2, 3)) }, []string{".snapshot", ".history", ".keys", ".window"}},
		{"renamed", func(t *testing.T, path string) { rename(t, path) }, []string{".history", ".keys", ".window", ".journal"}},
		{"gone", remove, []string{".history"}},
		{"unreadable", func(t *testing.T, path string) { replaceByDirectory(t, path) }, []string{".history", ".keys"}},
	} {
		for _, kind := range tt.kinds {
			t.Run(tt.name+kind, func(t *testing.T) {
				dir := copyOf(t, whole)
				tt.harm(t, newest(t, dir, kind))
				before := stateFiles(t, dir)
				if got := play(t, "verify", dir); got.code != cli.Damaged && got.code != cli.Unreachable {
					t.Errorf("exit code %d, %s%s", got.code, got.out, got.err)
				}
				if after := stateFiles(t, dir); !slices.Equal(before, after) {
					t.Errorf("the directory had %q and has %q", before, after)
				}
			})
		}
	}
}

// What a later version has written is no damage, unless there is some beside.
func TestVerifyLaterVersion(t *testing.T) {
	dir := busyState(t)
	later := newest(t, dir, ".journal")
	content := read(t, later)
	content[versionFrom] = 200
	write(t, later, content)
	if got := play(t, "verify", dir); got.code != cli.Unreachable || !strings.Contains(got.err, "format version 200") {
		t.Errorf("exit code %d, %s%s", got.code, got.out, got.err)
	}
	truncate(t, newest(t, dir, ".history"), 2)
	if got := play(t, "verify", dir); got.code != cli.Damaged || !strings.Contains(got.out, "format version 200") {
		t.Errorf("with damage beside: exit code %d, %s%s", got.code, got.out, got.err)
	}
}

// newest is the last file of a kind.
func newest(t *testing.T, dir, kind string) string {
	t.Helper()
	for _, name := range slices.Backward(stateFiles(t, dir)) {
		if filepath.Ext(name) == kind {
			return filepath.Join(dir, name)
		}
	}
	t.Fatalf("the state has no %s", kind)
	return ""
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func truncate(t *testing.T, path string, part int) {
	t.Helper()
	content := read(t, path)
	write(t, path, content[:len(content)/part])
}

func rename(t *testing.T, path string) {
	t.Helper()
	if err := os.Rename(path, filepath.Join(filepath.Dir(path), "00000000000000000099"+filepath.Ext(path))); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func replaceByDirectory(t *testing.T, path string) {
	t.Helper()
	remove(t, path)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A directory that a collector uses is left alone, and who uses it is said.
func TestDirectoryInUse(t *testing.T) {
	dir := busyState(t)
	inUse, err := files.Open(dir, "collector 42 on host a")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inUse.Close() })
	for _, args := range [][]string{
		{"report", "--directory", dir},
		{"status", "--directory", dir},
		{"export", "--directory", dir},
		{"verify", dir},
		{"inspect", dir},
	} {
		got := play(t, args...)
		if got.code != cli.Unreachable || !strings.Contains(got.err, "is in use by collector 42 on host a") || got.out != "" {
			t.Errorf("%q: exit code %d, %s%s", args, got.code, got.out, got.err)
		}
	}
}

// Looking changes nothing, whatever is looked at: no byte, no name, no time.
func TestLookingChangesNothing(t *testing.T) {
	dir := busyState(t)
	before := listing(t, dir)
	for _, args := range [][]string{
		{"report", "--directory", dir},
		{"report", "--directory", dir, "--since", "2000-01-01", "--format", "focus"},
		{"status", "--directory", dir, "--format", "json"},
		{"export", "--directory", dir},
		{"verify", dir},
		{"inspect", dir, "--series"},
	} {
		if got := play(t, args...); got.code != cli.Done {
			t.Errorf("%q: exit code %d, %s", args, got.code, got.err)
		}
	}
	if after := listing(t, dir); !slices.Equal(before, after) {
		t.Errorf("before: %q\nafter: %q", before, after)
	}
}

// listing has a line for each file.
func listing(t *testing.T, dir string) (lines []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(read(t, filepath.Join(dir, entry.Name())))
		lines = append(lines, fmt.Sprintf("%s %v %v %x", entry.Name(), info.Mode(), info.ModTime(), sum))
	}
	return lines
}
