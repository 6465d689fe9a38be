package filestest

import (
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// Run tests that an FS does what files.FS promises. Each test has a place of its
// own, empty at first.
func Run(t *testing.T, newPlace func(t *testing.T) Place) {
	for _, tests := range []map[string]func(*testing.T, Place){nameTests(), contentTests(), lifeTests()} {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) { test(t, newPlace(t)) })
		}
	}
}

// mustOpen opens a place; the test closes it.
func mustOpen(t *testing.T, place Place) files.FS {
	t.Helper()
	fsys, err := place()
	require.NoError(t, err)
	return fsys
}

// using opens a place until the end of the test.
func using(t *testing.T, place Place) files.FS {
	t.Helper()
	fsys := mustOpen(t, place)
	t.Cleanup(func() { assert.NoError(t, fsys.Close()) })
	return fsys
}

// write makes a file, with a Write for each part.
func write(t *testing.T, fsys files.FS, name string, parts ...string) {
	t.Helper()
	f, err := fsys.Create(name)
	require.NoError(t, err)
	for _, p := range parts {
		n, err := f.Write([]byte(p))
		require.NoError(t, err)
		require.Equal(t, len(p), n)
	}
	require.NoError(t, f.Sync())
	require.NoError(t, f.Close())
}

// read returns what a file holds.
func read(t *testing.T, fsys files.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	require.NoError(t, err)
	content, err := io.ReadAll(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return string(content)
}

// list returns the names of files, in order, and checks their sizes.
func list(t *testing.T, fsys files.FS) []string {
	t.Helper()
	entries, err := fsys.List()
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		if !e.Regular || e.Name == files.LockName {
			continue
		}
		require.Len(t, read(t, fsys, e.Name), int(e.Size), "`%s`", e.Name)
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return names
}
