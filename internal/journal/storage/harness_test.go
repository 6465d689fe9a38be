package storage_test

import (
	"errors"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/storage"
	"github.com/otelusage/usageprocessor/internal/journal/storage/storagetest"
)

// open opens a store; the test closes it.
func open(t *testing.T, store *storagetest.Store) *storage.Storage {
	t.Helper()
	client, err := store.Client()
	require.NoError(t, err)
	s, err := storage.Open(t.Context(), client)
	require.NoError(t, err)
	return s
}

// using opens a store until the end of the test.
func using(t *testing.T, store *storagetest.Store) *storage.Storage {
	t.Helper()
	s := open(t, store)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// write makes a file.
func write(fsys files.FS, name, content string) error {
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(content))
	return errors.Join(err, f.Close())
}

// read returns what a file holds.
func read(fsys files.FS, name string) (string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(f)
	return string(content), errors.Join(err, f.Close())
}

// contents returns all files, those in the quarantine too.
func contents(t *testing.T, s *storage.Storage) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, list := range []func() ([]files.Entry, error){s.List, s.Quarantined} {
		entries, err := list()
		require.NoError(t, err)
		for _, e := range entries {
			all[e.Name], err = read(s, e.Name)
			require.NoError(t, err)
			require.Len(t, all[e.Name], int(e.Size))
		}
	}
	return all
}

// leavesNothing checks that no block outlives its file.
func leavesNothing(t *testing.T, store *storagetest.Store) {
	t.Helper()
	s := using(t, store)
	for _, name := range slices.Sorted(maps.Keys(contents(t, s))) {
		require.NoError(t, s.Remove(name))
	}
	require.Subset(t, []string{"manifest", "usage"}, store.Keys())
}
