package storage_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/storage"
	"github.com/otelusage/usageprocessor/internal/journal/storage/storagetest"
)

// inFileStorage opens a storage in the directory of a file_storage.
func inFileStorage(t testing.TB, dir string, fsync bool) *storage.Storage {
	t.Helper()
	client, err := storagetest.Client(storagetest.FileStorage(t, dir, fsync))
	require.NoError(t, err)
	s, err := storage.Open(t.Context(), client)
	require.NoError(t, err)
	return s
}

// A process that is killed leaves its file_storage as it is. What was written is
// there, even with `fsync: false`.
func TestKilledFileStorage(t *testing.T) {
	for _, fsync := range []bool{false, true} {
		dir, want := t.TempDir(), map[string]string{}
		l := &life{Storage: inFileStorage(t, dir, fsync), open: map[string]files.File{}}
		for i, s := range stories(t)[0].steps {
			require.NoError(t, s.do(l))
			s.model(want)
			killed := filepath.Join(t.TempDir(), fmt.Sprint(i))
			require.NoError(t, os.CopyFS(killed, os.DirFS(dir)))
			next := inFileStorage(t, killed, fsync)
			require.True(t, maps.Equal(want, contents(t, next)), "step %d", i)
			require.NoError(t, next.Close())
		}
		require.NoError(t, l.Close())
	}
}

// A second client is refused in a short time.
func TestFileStorageIsExclusive(t *testing.T) {
	ext := storagetest.FileStorage(t, t.TempDir(), true)
	first, err := storagetest.Client(ext)
	require.NoError(t, err)
	_, err = storagetest.Client(ext)
	require.EqualError(t, err, "timeout")
	assert.NoError(t, first.Close(t.Context()))
}

// BenchmarkAppend appends what a small commit has, and reports how much a
// file_storage grows for it.
func BenchmarkAppend(b *testing.B) {
	for _, fsync := range []bool{false, true} {
		for _, size := range []int{200, 2000, 20_000} {
			b.Run(fmt.Sprintf("fsync=%t/%d", fsync, size), func(b *testing.B) {
				dir := b.TempDir()
				s := inFileStorage(b, dir, fsync)
				f, err := s.Create("a")
				require.NoError(b, err)
				p := make([]byte, size)
				b.SetBytes(int64(size))
				for b.Loop() {
					_, err := f.Write(p)
					require.NoError(b, err)
				}
				require.NoError(b, f.Close())
				require.NoError(b, s.Close())
			})
		}
	}
}
