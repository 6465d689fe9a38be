package journal

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Changes that are missing in what a journal continues are missed, as commits
// are: they would be in another window again.
func TestLostChangesAreMissed(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	w.count("GET /a")
	require.NoError(t, w.journal.Flush())
	before, err := os.ReadFile(filepath.Join(dir, journalName(1)))
	require.NoError(t, err)
	w.mustCut(t)
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	w.take("metrics", 1)
	require.NoError(t, w.journal.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, journalName(1)), before, 0o600))
	require.NoError(t, mustOpen(t, killed(t, dir)).journal.Close(), "the snapshot has them")

	require.NoError(t, os.Truncate(filepath.Join(dir, snapshotName(2)), 100))
	again := openDamaged(t, dir)
	assert.True(t, again.found.Lost)
	assert.ErrorContains(t, errors.Join(again.found.Damage...), "window 1 has no changes")
	require.NoError(t, again.journal.Close())
}

// A flipped bit in any byte and every truncation of a window on its way is found
// at start: what is in it counts as exported already.
func TestDamagedWindowIsFound(t *testing.T) {
	disk := filestest.NewMemory()
	w, err := inMemory(t, disk)
	require.NoError(t, err)
	w.count("GET /a")
	window := w.mustCut(t)
	require.NoError(t, w.journal.Close())
	content := disk.Read(windowName(1))
	check := func(damaged []byte) {
		t.Helper()
		disk := disk.Kill()
		disk.Edit(windowName(1), func([]byte) []byte { return damaged })
		w, err := inMemory(t, disk)
		require.NoError(t, err)
		require.True(t, w.found.Lost)
		require.Len(t, w.found.Damage, 1)
		require.Equal(t, usage.Window{Number: 1, At: window.At}, w.Window())
		require.Empty(t, w.rows(), "all series begin anew")
		require.NoError(t, w.journal.Close())
		require.Nil(t, disk.Read(windowName(1)))
		require.Equal(t, damaged, disk.Read("quarantine/"+windowName(1)+damagedSuffix))
	}
	for i := range content {
		damaged := slices.Clone(content)
		damaged[i] ^= 1 << (i % 8)
		if version := binary.LittleEndian.Uint32(damaged[len(windowMagic):]); version > FormatVersion {
			continue // a newer format: see below
		}
		check(damaged)
	}
	for n := range content {
		check(content[:n])
	}

	disk.Edit(windowName(1), func(p []byte) []byte {
		p[len(windowMagic)]++
		return p
	})
	before := disk.Names()
	_, err = inMemory(t, disk)
	require.ErrorContains(t, err, "use the build that wrote it")
	assert.Equal(t, before, disk.Names(), "nothing is changed")
}

func TestMissingWindowIsFound(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	w.count("GET /a")
	w.mustCut(t)
	require.NoError(t, w.journal.Close())
	require.NoError(t, os.Remove(filepath.Join(dir, windowName(1))))
	_, err := open(dir, nil, usage.ExponentialLayout())
	require.EqualError(t, err, "`00000000000000000001.window` is missing, which not every exit has taken")
	w = openDamaged(t, dir)
	assert.True(t, w.found.Lost)
	assert.Empty(t, w.rows())
	require.NoError(t, w.journal.Close())
	require.NoError(t, mustOpen(t, dir).journal.Close())
}

func TestStrangeWindowsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  string
	}{
		"renamed": {func(t *testing.T, dir string) {
			w := mustOpen(t, dir)
			w.done()
			w.count("GET /a")
			w.mustCut(t)
			require.NoError(t, w.journal.Close())
			require.NoError(t, os.Rename(filepath.Join(dir, windowName(1)), filepath.Join(dir, windowName(2))))
		}, "it has number 1: was it renamed?"},
		"of somebody else": {func(t *testing.T, dir string) {
			other := t.TempDir()
			w, err := openAs(other, nil, usage.ExponentialLayout(), false)
			require.NoError(t, err)
			w.journal.header.Writer = "somebody else"
			w.count("GET /a")
			w.mustCut(t)
			require.NoError(t, w.journal.Close())
			require.NoError(t, os.Rename(filepath.Join(other, windowName(1)), filepath.Join(dir, windowName(1))))
		}, "it belongs to writer somebody else, the files before it to writer"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w := mustOpen(t, dir)
			w.count("GET /a")
			w.mustCut(t)
			require.NoError(t, w.journal.Close())
			c.spoil(t, dir)
			_, err := open(dir, nil, usage.ExponentialLayout())
			require.ErrorContains(t, err, c.want)
		})
	}
}

// With a journal that is damaged nobody knows whether a window behind it was
// taken: it is kept.
func TestWindowBehindDamageIsKept(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	w.count("GET /a")
	w.mustCut(t)
	w.count("GET /a")
	require.NoError(t, w.journal.Flush())
	require.NoError(t, w.journal.Close())
	name := filepath.Join(dir, journalName(1))
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	content[preambleBytes+frameHead+60] ^= 1
	require.NoError(t, os.WriteFile(name, content, 0o600))
	again := openDamaged(t, dir)
	require.True(t, again.found.Lost)
	assert.False(t, again.Window().Chunks > 0)
	assert.FileExists(t, filepath.Join(dir, "quarantine", windowName(1)+damagedSuffix))
	require.NoError(t, again.journal.Close())
}

// Durations counted in another layout are left behind in what was reported,
// too: the next window has none that were never counted.
func TestWindowsAfterAChangedLayout(t *testing.T) {
	explicit := usage.ExplicitLayout([]time.Duration{time.Second})
	for _, snapshot := range []bool{false, true} {
		dir := t.TempDir()
		w := mustOpen(t, dir)
		w.count("GET /a")
		w.mustCut(t)
		if snapshot {
			require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
		}
		w.count("GET /a")
		require.NoError(t, w.journal.Close())
		w, err := open(dir, nil, explicit)
		require.NoError(t, err)
		w.count("GET /a")
		changes, _, _ := w.Changes(nil, 0, 10)
		require.Len(t, changes, 1)
		assert.Equal(t, int64(2), changes[0].TotalRequests())
		assert.Equal(t, []uint64{1, 0}, changes[0].Durations.Counts)
		assert.Equal(t, int64(1e6), changes[0].Duration)
		assert.Equal(t, changes[0].Start, changes[0].Starts[usage.FieldDuration])
		require.NoError(t, w.journal.Close())
	}
}
