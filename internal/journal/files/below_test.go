package files_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// A-N14: no name leads out of a directory, or to something else in it.
func TestNamesBelow_A_N14(t *testing.T) {
	for name, ok := range map[string]bool{
		"a": true, "team-1/b_2": true, strings.Repeat("x", 200): true,
		"": false, ".": false, "..": false, "../a": false, "a/../b": false, "a/..": false, "/a": false, "a/": false,
		"a//b": false, ".a": false, `a\b`: false, `..\a`: false, `C:\a`: false, "a b": false, "a\x00": false, "ä": false,
		"quarantine": false, "Quarantine/a": false, "lock": false, "a/lock": false,
		"00000000000000000001.snapshot": false, strings.Repeat("x", 201): false,
		"link": false, "link/a": false, "within": false, "file": false, "file/a": false,
	} {
		dir := t.TempDir()
		require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(dir, "link")))
		require.NoError(t, os.Symlink("a", filepath.Join(dir, "within")))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
		checked := files.CheckBelow(dir, name)
		d, err := files.OpenBelow(dir, name, "the test")
		if !ok {
			require.ErrorIs(t, checked, files.ErrName, "%q", name)
			require.ErrorIs(t, err, files.ErrName, "%q", name)
			continue
		}
		require.NoError(t, checked)
		require.NoError(t, err)
		_, err = files.OpenBelow(dir, name, "somebody else")
		locked := (*files.LockedError)(nil)
		require.ErrorAs(t, err, &locked)
		assert.Equal(t, "the test", locked.Owner)
		require.NoError(t, d.Close())
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o700)|os.ModeDir, info.Mode())
	}
}

// A directory that is not there yet is made by who opens it, not by who asks.
func TestBelowNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	require.NoError(t, files.CheckBelow(dir, "a"))
	assert.NoDirExists(t, dir)
	d, err := files.OpenBelow(dir, "a", "the test")
	require.NoError(t, err)
	require.NoError(t, d.Close())

	blocked := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	require.Error(t, files.CheckBelow(blocked, "a"))
	_, err = files.OpenBelow(blocked, "a", "the test")
	require.Error(t, err)
	assert.NotErrorIs(t, err, files.ErrName)
}
