package storage_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	xstorage "go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/storage"
	"github.com/otelusage/usageprocessor/internal/journal/storage/storagetest"
)

var _ files.FS = (*storage.Storage)(nil)

// Short appends make few keys and rewrite little.
func TestSmallAppends(t *testing.T) {
	store := storagetest.NewStore()
	s := using(t, store)
	f, err := s.Create("a")
	require.NoError(t, err)
	const appends, size = 5000, 200
	before := store.Count()
	for range appends {
		_, err := f.Write(make([]byte, size))
		require.NoError(t, err)
	}
	after := store.Count()
	keys, perAppend := len(store.Keys()), (after.Written-before.Written)/appends
	t.Logf("%d appends of %d bytes: %d keys, %d bytes set for each", appends, size, keys, perAppend)
	assert.Equal(t, appends, after.Batches-before.Batches)
	assert.LessOrEqual(t, keys, appends*size/4096+1+2)
	assert.LessOrEqual(t, perAppend, 2048+size+200)
	require.NoError(t, f.Close())
	content, err := read(s, "a")
	require.NoError(t, err)
	assert.Len(t, content, appends*size)
	assert.LessOrEqual(t, store.Count().Batches-after.Batches, 3, "to read a megabyte")
}

// No value is larger than what all extensions take, and no Batch is large.
func TestLargeWrites(t *testing.T) {
	store := storagetest.NewStore()
	s := using(t, store)
	f, err := s.Create("a")
	require.NoError(t, err)
	for range 3 {
		n, err := f.Write(make([]byte, 10_000_000))
		require.NoError(t, err)
		assert.Equal(t, 10_000_000, n)
	}
	require.NoError(t, f.Close())
	content, err := read(s, "a")
	require.NoError(t, err)
	assert.Len(t, content, 30_000_000)
	require.NoError(t, write(s, "b", ""))
	require.NoError(t, s.Rename("b", "a"), "which removes it")
	count := store.Count()
	t.Logf("%+v", count)
	assert.Equal(t, 64<<10, count.Largest)
	assert.LessOrEqual(t, count.Sets, 4<<20/(64<<10)+4)
	assert.LessOrEqual(t, count.Reads, 16)
	assert.LessOrEqual(t, count.Deletes, 256)
	assert.Equal(t, []string{"manifest", "usage"}, store.Keys())
}

// Each step is one Batch.
func TestBatches(t *testing.T) {
	store := storagetest.NewStore()
	s := using(t, store)
	batches := func(want int, what string, do func() error) {
		before := store.Count().Batches
		require.NoError(t, do())
		assert.Equal(t, want, store.Count().Batches-before, what)
	}
	var f files.File
	batches(1, "create", func() (err error) { f, err = s.Create("a"); return err })
	batches(1, "write", func() error { _, err := f.Write(make([]byte, 3<<20)); return err })
	batches(0, "empty write", func() error { _, err := f.Write(nil); return err })
	batches(0, "sync of a file, which is durable already", f.Sync)
	batches(0, "close of a file", f.Close)
	batches(1, "rename", func() error { return s.Rename("a", "b") })
	batches(0, "list", func() error { _, err := s.List(); return err })
	batches(4, "read, almost a mebibyte at a time", func() error { _, err := read(s, "b"); return err })
	batches(1, "quarantine", func() error { _, err := s.Quarantine("b"); return err })
	batches(1, "remove", func() error { return s.Remove("quarantine/b") })
	batches(0, "sync", s.Sync)
}

func TestQuarantined(t *testing.T) {
	s := using(t, storagetest.NewStore())
	for range 3 {
		require.NoError(t, write(s, "a", "content"))
		_, err := s.Quarantine("a")
		require.NoError(t, err)
	}
	entries, err := s.Quarantined()
	require.NoError(t, err)
	assert.Equal(t, []files.Entry{
		{Name: "quarantine/a", Regular: true, Size: 7},
		{Name: "quarantine/a.1", Regular: true, Size: 7},
		{Name: "quarantine/a.2", Regular: true, Size: 7},
	}, entries)
	_, err = s.Quarantine("quarantine/a")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestNames(t *testing.T) {
	s := using(t, storagetest.NewStore())
	require.NoError(t, write(s, "a", ""))
	for _, name := range []string{"", ".", "..", "a/b", `a\b`, "quarantine/a", "/"} {
		_, err := s.Create(name)
		require.ErrorIs(t, err, fs.ErrInvalid, "%q", name)
		require.ErrorIs(t, s.Rename("a", name), fs.ErrInvalid, "%q", name)
	}
	require.EqualError(t, s.Remove("b"), "remove b: file does not exist")
}

// What removes a file while it is open ends the reading and the writing.
func TestRemoveOpen(t *testing.T) {
	s := using(t, storagetest.NewStore())
	f, err := s.Create("a")
	require.NoError(t, err)
	_, err = f.Write([]byte("content"))
	require.NoError(t, err)
	r, err := s.Open("a")
	require.NoError(t, err)
	require.NoError(t, s.Remove("a"))
	require.NoError(t, write(s, "a", "another"))
	_, err = r.Read(make([]byte, 1))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = f.Write([]byte("more"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Error(t, f.Sync())
	require.NoError(t, f.Close())
	content, err := read(s, "a")
	require.NoError(t, err)
	assert.Equal(t, "another", content)
}

func TestClosedFiles(t *testing.T) {
	s := using(t, storagetest.NewStore())
	f, err := s.Create("a")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.ErrorIs(t, f.Sync(), fs.ErrClosed)
	r, err := s.Open("a")
	require.NoError(t, err)
	require.NoError(t, r.Close())
	_, err = r.Read(make([]byte, 1))
	require.ErrorIs(t, err, fs.ErrClosed)
}

// The end of the context that a component is started with is not its end.
func TestContext(t *testing.T) {
	client, err := storagetest.NewStore().Client()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := storage.Open(ctx, client)
	require.NoError(t, err)
	cancel()
	require.NoError(t, write(s, "a", "content"))
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "again")
}

// A storage that cannot be read is not an empty one.
func TestOpenFails(t *testing.T) {
	store := storagetest.NewStore()
	store.SetFault(storagetest.Fault{At: 1})
	client, err := store.Client()
	require.NoError(t, err)
	_, err = storage.Open(t.Context(), client)
	require.ErrorIs(t, err, storagetest.ErrFault)
	require.ErrorContains(t, err, "read `manifest` from the storage: ")
	_, err = storage.Open(t.Context(), client)
	require.NoError(t, err, "the client was left open")
}

func TestErrorsOfTheClient(t *testing.T) {
	store := storagetest.NewStore()
	s := using(t, store)
	f, err := s.Create("a")
	require.NoError(t, err)
	store.SetFault(storagetest.Fault{At: store.Count().Batches + 1, Err: xstorage.ErrStorageFull})
	_, err = f.Write([]byte("content"))
	require.ErrorIs(t, err, xstorage.ErrStorageFull)
	require.EqualError(t, err, "write `a`: write to the storage: the storage extension has run out of available space")
}

// The end of a connection is not that of a file.
func TestClientsEOF(t *testing.T) {
	store := storagetest.NewStore()
	s := using(t, store)
	require.NoError(t, write(s, "a", "content"))
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF} {
		r, err := s.Open("a")
		require.NoError(t, err)
		store.SetFault(storagetest.Fault{At: store.Count().Batches + 1, Err: end})
		_, err = r.Read(make([]byte, 10))
		require.EqualError(t, err, "read from the storage: "+end.Error())
		require.NotErrorIs(t, err, end)
		require.NoError(t, r.Close())
	}
}

// badClose is a client whose Close fails.
type badClose struct{ xstorage.Client }

func (badClose) Close(context.Context) error { return errors.New("no") }

func TestCloseFails(t *testing.T) {
	client, err := storagetest.NewStore().Client()
	require.NoError(t, err)
	s, err := storage.Open(t.Context(), badClose{client})
	require.NoError(t, err)
	require.EqualError(t, s.Close(), "close the storage client: no")
	_, err = s.List()
	require.ErrorIs(t, err, fs.ErrClosed)
}
