package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Every flipped bit and every truncation of a file is noticed when it is read, and what
// was read counts for nothing.
func TestEveryDamageOfHistoryIsNoticed(t *testing.T) {
	disk := filestest.NewMemory()
	w, err := inMemory(t, disk)
	require.NoError(t, err)
	f := mustWriteRows(t, w.journal, hourAt(2), historyRows(w.schemas, 6))
	name := historyName(f.Number)
	content := disk.Read(name)
	check := func(why string, damaged []byte) {
		t.Helper()
		disk.Edit(name, func([]byte) []byte { return damaged })
		_, err := readRows(w.journal, f)
		if newer := (*NewerError)(nil); errors.As(err, &newer) {
			return
		}
		var corrupt *CorruptError
		require.ErrorAs(t, err, &corrupt, why)
		require.Equal(t, name, corrupt.File)
	}
	for at := range content {
		for bit := range 8 {
			damaged := slices.Clone(content)
			damaged[at] ^= 1 << bit
			check(fmt.Sprintf("byte %d, bit %d", at, bit), damaged)
		}
		check(fmt.Sprintf("cut at %d", at), content[:at])
	}
	check("longer", append(slices.Clone(content), content[len(content)-20:]...))
	require.NoError(t, w.journal.Close())
}

// A file is what the snapshot says, or it is damaged: checksums do not tell.
func TestHistoryOfAnotherTime(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	f := mustWriteRows(t, w.journal, hourAt(2), historyRows(w.schemas, 6))
	for name, c := range map[string]struct {
		change func(*usage.HistoryFile)
		want   string
	}{
		"period": {func(f *usage.HistoryFile) { f.End++ }, "it is of another hour than the snapshot says"},
		"sums":   {func(f *usage.HistoryFile) { f.Sums[usage.Own].Hits++ }, "it holds 6 rows that are not what the snapshot says"},
		"rows":   {func(f *usage.HistoryFile) { f.Rows++ }, "it holds 6 rows that are not what the snapshot says"},
		"folded": {func(f *usage.HistoryFile) { f.Folded = false }, "it holds 6 rows that are not what the snapshot says"},
	} {
		t.Run(name, func(t *testing.T) {
			other := f
			c.change(&other)
			_, err := readRows(w.journal, other)
			require.ErrorContains(t, err, c.want)
		})
	}
	content, err := os.ReadFile(filepath.Join(dir, historyName(f.Number)))
	require.NoError(t, err)
	f.Number++
	_, err = readRows(w.journal, f)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, os.WriteFile(filepath.Join(dir, historyName(f.Number)), content, 0o600))
	_, err = readRows(w.journal, f)
	require.ErrorContains(t, err, "it has number 1: was it renamed?")
	require.NoError(t, w.journal.Close())
}

// What was found damaged when it was read is moved away, not removed, although the
// snapshot before lists it: the process may end now. Falling back to that finds a file
// missing.
func TestSpoiltHistoryIsKept(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	f := mustWriteRows(t, w.journal, hourAt(1), historyRows(w.schemas, 3))
	w.CloseHours(int64(4 * time.Hour))
	w.ReplaceFiles(nil, []usage.HistoryFile{f})
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	name := filepath.Join(dir, historyName(f.Number))
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	content[len(content)-1] ^= 1
	require.NoError(t, os.WriteFile(name, content, 0o600))
	_, err = readRows(w.journal, f)
	require.Error(t, err)
	w.DropFiles([]uint64{f.Number})
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	assert.NoFileExists(t, name)
	assert.FileExists(t, filepath.Join(dir, files.QuarantineName, historyName(f.Number)))
	gone := w.History().Gone
	require.NoError(t, w.journal.Close())
	require.NoError(t, os.Truncate(filepath.Join(dir, snapshotName(w.journal.header.generation)), 100))
	w = openDamaged(t, dir)
	assert.Len(t, w.found.Damage, 2)
	assert.False(t, w.found.Lost)
	assert.Equal(t, gone, w.History().Gone)
	require.NoError(t, w.journal.Close())
}

// An hour that a day had, of which a reset has taken nobody knows how much, counts again
// when the day is lost.
func TestLostDayUncoversHours(t *testing.T) {
	disk := filestest.NewMemory()
	w, err := inMemory(t, disk)
	require.NoError(t, err)
	w.CloseHours(int64(4 * time.Hour))
	of := usage.Period{Granularity: usage.Daily, End: 86400}
	rows := historyRows(w.schemas, 2)
	hour := mustWriteRows(t, w.journal, hourAt(1), rows)
	w.Import(nil, rows, nil, []usage.HistoryFile{hour, mustWriteRows(t, w.journal, of, rows)})
	w.Reset(usage.Moment{}, usage.Scope{Attribute: usage.AttrMeter, Value: "meter 0"})
	day := mustWriteRows(t, w.journal, of, rows[1:])
	w.ReplaceFiles([]uint64{2}, []usage.HistoryFile{day})
	inexact := w.History().Inexact
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	require.NoError(t, w.journal.Close())
	remove(t, disk, historyName(day.Number))
	w, err = openAs("", mounted(t, disk), usage.ExponentialLayout(), true)
	require.NoError(t, err)
	assert.Equal(t, []usage.HistoryFile{hour}, w.History().Files)
	assert.Equal(t, []bool{false, true}, []bool{inexact, w.History().Inexact})
	require.NoError(t, w.journal.Close())
}

// A bucket whose file is gone, or cannot be told for what it is, is in no bucket any
// more. Nothing else is lost.
func TestMissingHistoryIsFound_F1(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(content []byte) []byte
		want  string
		moved bool
	}{
		"missing":         {nil, "`00000000000000000002.history` is missing", false},
		"empty":           {func([]byte) []byte { return nil }, "the file is incomplete", true},
		"another magic":   {func(p []byte) []byte { p[0] ^= 1; return p }, "it does not begin with \"usagehis\"", true},
		"damaged header":  {func(p []byte) []byte { p[preambleBytes+frameHead+3] ^= 1; return p }, "checksum mismatch", true},
		"damaged content": {func(p []byte) []byte { p[len(p)-1] ^= 1; return p }, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			disk := filestest.NewMemory()
			w, err := inMemory(t, disk)
			require.NoError(t, err)
			w.count("GET /a")
			kept := mustWriteRows(t, w.journal, hourAt(1), historyRows(w.schemas, 3))
			f := mustWriteRows(t, w.journal, hourAt(2), historyRows(w.schemas, 5))
			w.CloseHours(int64(4 * time.Hour))
			w.ReplaceFiles(nil, []usage.HistoryFile{kept, f})
			gone := w.History().Gone
			require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
			require.NoError(t, w.journal.Close())
			if c.spoil == nil {
				remove(t, disk, historyName(f.Number))
			} else {
				disk.Edit(historyName(f.Number), c.spoil)
			}
			spoilt := disk.Read(historyName(f.Number))

			again, err := inMemory(t, disk)
			require.NoError(t, err)
			assert.False(t, again.found.Lost)
			assert.Equal(t, int64(1), again.requests())
			if c.want == "" {
				assert.Empty(t, again.found.Damage)
				assert.Equal(t, []usage.HistoryFile{kept, f}, again.History().Files)
				require.NoError(t, again.journal.Close())
				return
			}
			require.Len(t, again.found.Damage, 1)
			require.ErrorContains(t, again.found.Damage[0], c.want)
			assert.Equal(t, []usage.HistoryFile{kept}, again.History().Files)
			for kind := range gone {
				gone[kind].Add(&f.Sums[kind])
			}
			assert.Equal(t, gone, again.History().Gone)
			if c.moved {
				assert.Equal(t, spoilt, disk.Read("quarantine/"+historyName(f.Number)+damagedSuffix))
			}
			require.NoError(t, again.journal.Close())
			again, err = inMemory(t, disk)
			require.NoError(t, err)
			assert.Empty(t, again.found.Damage, "once")
			assert.Equal(t, gone, again.History().Gone)
			require.NoError(t, again.journal.Close())
		})
	}
}
