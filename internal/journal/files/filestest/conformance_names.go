package filestest

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// nameTests are about which files there are.
func nameTests() map[string]func(*testing.T, Place) {
	return map[string]func(*testing.T, Place){
		"empty at first":                   testEmpty,
		"list":                             testList,
		"names with dots":                  testDots,
		"create takes only free names":     testCreateExisting,
		"what is missing":                  testMissing,
		"rename":                           testRename,
		"rename replaces":                  testRenameReplaces,
		"rename of an open file":           testRenameOpen,
		"remove":                           testRemove,
		"quarantine":                       testQuarantine,
		"quarantine never replaces":        testQuarantineNeverReplaces,
		"quarantined file can be removed":  testQuarantinedRemoved,
		"quarantined file can be restored": testQuarantinedRestored,
	}
}

func testEmpty(t *testing.T, place Place) {
	assert.Empty(t, list(t, using(t, place)))
}

func testList(t *testing.T, place Place) {
	fsys := using(t, place)
	for _, name := range []string{"b", "a", "c"} {
		write(t, fsys, name, name, name)
	}
	assert.Equal(t, []string{"a", "b", "c"}, list(t, fsys))
}

func testDots(t *testing.T, place Place) {
	fsys := using(t, place)
	names := []string{"..a", ".a", "...", "a..b", "a.", "a.1", "a.b.c"}
	for _, name := range names {
		write(t, fsys, name, name)
	}
	assert.ElementsMatch(t, names, list(t, fsys))
	for _, name := range names {
		assert.Equal(t, name, read(t, fsys, name))
	}
}

func testCreateExisting(t *testing.T, place Place) {
	fsys := using(t, place)
	write(t, fsys, "a", "content")
	_, err := fsys.Create("a")
	require.ErrorIs(t, err, fs.ErrExist)
	assert.Equal(t, "content", read(t, fsys, "a"))
}

func testMissing(t *testing.T, place Place) {
	fsys := using(t, place)
	write(t, fsys, "a", "content")
	_, err := fsys.Open("b")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorIs(t, fsys.Rename("b", "a"), fs.ErrNotExist)
	require.ErrorIs(t, fsys.Remove("b"), fs.ErrNotExist)
	_, err = fsys.Quarantine("b")
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, []string{"a"}, list(t, fsys))
	assert.Equal(t, "content", read(t, fsys, "a"))
}

func testRename(t *testing.T, place Place) {
	fsys := using(t, place)
	write(t, fsys, "a", "content")
	require.NoError(t, fsys.Rename("a", "b"))
	require.NoError(t, fsys.Sync())
	assert.Equal(t, []string{"b"}, list(t, fsys))
	assert.Equal(t, "content", read(t, fsys, "b"))
	require.NoError(t, fsys.Rename("b", "b"))
	assert.Equal(t, "content", read(t, fsys, "b"))
	write(t, fsys, "a", "other")
	assert.Equal(t, "content", read(t, fsys, "b"))
}

func testRenameReplaces(t *testing.T, place Place) {
	fsys := mustOpen(t, place)
	write(t, fsys, "a", "new")
	write(t, fsys, "b", strings.Repeat("old", 100_000))
	require.NoError(t, fsys.Rename("a", "b"))
	assert.Equal(t, []string{"b"}, list(t, fsys))
	assert.Equal(t, "new", read(t, fsys, "b"))
	require.NoError(t, fsys.Sync())
	require.NoError(t, fsys.Close())
	fsys = using(t, place)
	assert.Equal(t, []string{"b"}, list(t, fsys))
	assert.Equal(t, "new", read(t, fsys, "b"))
}

func testRenameOpen(t *testing.T, place Place) {
	fsys := using(t, place)
	f, err := fsys.Create("a")
	require.NoError(t, err)
	_, err = f.Write([]byte("before "))
	require.NoError(t, err)
	require.NoError(t, fsys.Rename("a", "b"))
	write(t, fsys, "a", "another")
	_, err = f.Write([]byte("after"))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	assert.Equal(t, "before after", read(t, fsys, "b"))
	assert.Equal(t, "another", read(t, fsys, "a"))
}

func testRemove(t *testing.T, place Place) {
	fsys := using(t, place)
	write(t, fsys, "a", "content")
	write(t, fsys, "b", "another")
	require.NoError(t, fsys.Remove("a"))
	require.NoError(t, fsys.Sync())
	assert.Equal(t, []string{"b"}, list(t, fsys))
	write(t, fsys, "a")
	assert.Empty(t, read(t, fsys, "a"), "a new file has nothing of the one before it")
}

func testQuarantine(t *testing.T, place Place) {
	fsys := mustOpen(t, place)
	write(t, fsys, "a", "content")
	write(t, fsys, "b", "another")
	to, err := fsys.Quarantine("a")
	require.NoError(t, err)
	assert.Equal(t, files.QuarantineName+"/a", to)
	assert.Equal(t, []string{"b"}, list(t, fsys))
	assert.Equal(t, "content", read(t, fsys, to))
	require.NoError(t, fsys.Sync())
	require.NoError(t, fsys.Close())
	fsys = using(t, place)
	assert.Equal(t, []string{"b"}, list(t, fsys))
	assert.Equal(t, "content", read(t, fsys, to))
}

func testQuarantineNeverReplaces(t *testing.T, place Place) {
	fsys := using(t, place)
	contents := map[string]string{}
	for _, content := range []string{"first", "second", "third"} {
		write(t, fsys, "a", content)
		to, err := fsys.Quarantine("a")
		require.NoError(t, err)
		contents[to] = content
	}
	write(t, fsys, "a.1", "fourth")
	to, err := fsys.Quarantine("a.1")
	require.NoError(t, err)
	contents[to] = "fourth"
	require.Len(t, contents, 4)
	for name, content := range contents {
		assert.Equal(t, content, read(t, fsys, name), "`%s`", name)
	}
}

func testQuarantinedRemoved(t *testing.T, place Place) {
	fsys := using(t, place)
	write(t, fsys, "a", "content")
	to, err := fsys.Quarantine("a")
	require.NoError(t, err)
	require.NoError(t, fsys.Remove(to))
	_, err = fsys.Open(to)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func testQuarantinedRestored(t *testing.T, place Place) {
	fsys := using(t, place)
	write(t, fsys, "a", "content")
	to, err := fsys.Quarantine("a")
	require.NoError(t, err)
	require.NoError(t, fsys.Rename(to, "b"))
	assert.Equal(t, []string{"b"}, list(t, fsys))
	assert.Equal(t, "content", read(t, fsys, "b"))
}
