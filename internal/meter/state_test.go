package meter

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

func removeAll(t *testing.T, dir, pattern string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		require.NoError(t, os.Remove(name))
	}
}

// inDirectory keeps the state of a bench in a directory.
func inDirectory(dir string) func(*Options) {
	return func(o *Options) {
		o.Persistence.Open = func(owner string) (files.FS, error) { return files.Open(dir, owner) }
	}
}

// listing is what a directory looks like from outside.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		require.NoError(t, err)
		data, err := os.ReadFile(path)
		found[path] = info.ModTime().String() + info.Mode().String() + string(data)
		return err
	}))
	return found
}

// A state that nobody writes to shows what its meter showed, and stays as it is.
func TestOpenState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		b := newHistoryBench(t, inDirectory(dir), shortLived, func(o *Options) {
			o.Layout = usage.ExplicitLayout([]time.Duration{time.Second})
		})
		_, err := OpenState(dir)
		locked := (*files.LockedError)(nil)
		require.ErrorAs(t, err, &locked, "somebody writes to it")
		busyWeek(b)
		_, err = b.Reset(endpointScope("rare1"))
		require.NoError(t, err)
		delete(b.sent, "rare1")
		assert.Positive(t, b.View().Endings(), "some have ended")
		hours, days, total, status := b.hours(), b.days(), countedOf(b.engine), b.Status()
		b.stop()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "00000000000000000099.snapshot.tmp"), []byte("unfinished"), 0o600))

		before := listing(t, dir)
		s, err := OpenState(dir)
		require.NoError(t, err)
		also, err := OpenState(dir)
		require.NoError(t, err, "two may read")
		require.NoError(t, also.Close())
		assert.Equal(t, hours, historyOf(t, s.View(), usage.Hourly))
		assert.Equal(t, days, historyOf(t, s.View(), usage.Daily))
		assert.Equal(t, total, countedOf(s.engine))
		assert.Equal(t, status.Writer, s.Status().Writer)
		assert.Equal(t, status.Ledgers, s.Status().Ledgers)
		assert.Empty(t, s.Status().Persistence.LastError)
		list, err := s.Check()
		require.NoError(t, err)
		assert.Empty(t, list)
		report, err := journal.Verify(s.fsys)
		require.NoError(t, err)
		require.NoError(t, report.Err())
		assert.NotEmpty(t, report.Files)
		var document bytes.Buffer
		require.NoError(t, s.Export(&document))
		require.NoError(t, s.Close())
		assert.Equal(t, before, listing(t, dir), "nothing has changed")

		c := newHistoryBench(t)
		c.mustImport(document.String())
		assert.Equal(t, total, countedOf(c.engine))
		assert.Equal(t, days, c.days())
		c.stop()
		b.memory = filestest.NewMemory() // which it does not use
		b.start()
		b.check()
		b.stop()
	})
}

// A state shows that history has something else than what was counted.
func TestStateThatDoesNotBalance(t *testing.T) {
	dir := t.TempDir()
	b := newHistoryBench(t, inDirectory(dir))
	b.serve("a", 2)
	b.engine.ReplaceFiles(nil, []usage.HistoryFile{{Number: 1, Period: usage.Period{Start: 3600, End: 7200}, Sums: sums{{Duration: 5}}}})
	list, err := imbalances(b.engine, b.files())
	require.NoError(t, err)
	assert.Equal(t, []Imbalance{{Kind: usage.Endpoint, Measure: "duration_ns", Counted: 2e6, Dated: 2e6 + 5}}, list)
	b.engine.ReplaceFiles([]uint64{1}, nil)
	b.stop()
}

// There is no state where none was written, and nothing is made to find that out.
func TestOpenStateOfNothing(t *testing.T) {
	dir := t.TempDir()
	_, err := OpenState(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, ErrNoState)
	_, err = OpenState(dir)
	require.ErrorIs(t, err, ErrNoState)
	assert.Empty(t, listing(t, dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes"), []byte("mine"), 0o600))
	_, err = OpenState(dir)
	require.ErrorIs(t, err, ErrNoState)
}

// Damage shows; what is valid can be read.
func TestOpenStateOfDamage(t *testing.T) {
	dir := t.TempDir()
	b := newHistoryBench(t, inDirectory(dir))
	b.serve("a", 2)
	require.NoError(t, b.Save())
	b.serve("a", 1)
	b.stop()
	names, err := filepath.Glob(filepath.Join(dir, "*.snapshot"))
	require.NoError(t, err)
	newest := names[len(names)-1]
	data, err := os.ReadFile(newest)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	require.NoError(t, os.WriteFile(newest, data, 0o600))
	before := listing(t, dir)
	s, err := OpenState(dir)
	require.NoError(t, err)
	require.Error(t, s.Damage())
	assert.Contains(t, s.Status().Persistence.LastError, filepath.Base(newest))
	total := countedOf(s.engine)
	assert.Equal(t, int64(3), total[usage.Endpoint].TotalRequests(), "from the snapshot before")
	list, err := s.Check()
	require.NoError(t, err)
	assert.Empty(t, list)
	report, err := journal.Verify(s.fsys)
	require.NoError(t, err)
	require.Error(t, report.Err())
	require.NoError(t, s.Close())
	assert.Equal(t, before, listing(t, dir))
}
