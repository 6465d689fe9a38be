package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/journal/storage/storagetest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// hourAt is an hour of history in UTC.
func hourAt(n int64) usage.Period {
	return usage.Period{Granularity: usage.Hourly, Start: n * 3600, End: (n + 1) * 3600}
}

// historyRows are rows of all kinds, in many frames.
func historyRows(schemas *usage.Schemas, n int) (rows []usage.HistoryRow) {
	own := schemas.Intern(usage.Own, usage.BaseNames(usage.Own))
	endpoints := schemas.Intern(usage.Endpoint, append(usage.BaseNames(usage.Endpoint), "tenant.id"))
	overflow := schemas.Intern(usage.Provider, []string{usage.AttrOverflow})
	for i := range n {
		r := usage.HistoryRow{Schema: own, Values: []string{fmt.Sprint("meter ", i), "By"}}
		switch i % 3 {
		case 0:
			r.Hits, r.Value = int64(i), 1
		case 1:
			r.Schema, r.Values = endpoints, []string{"app", "http", fmt.Sprintf("GET /%d", i), ""}
			r.Requests[usage.Failed], r.Duration = 1, int64(i)
		default:
			r.Schema, r.Values = overflow, []string{"true"}
			r.Tokens[usage.Output], r.CostPriced = int64(i), 5
		}
		rows = append(rows, r)
	}
	return rows
}

// writeRows writes rows to a file of history.
func writeRows(j *Journal, p usage.Period, rows []usage.HistoryRow) (usage.HistoryFile, error) {
	return j.WriteHistory(p, func(put func(*usage.HistoryRow) error) error {
		for i := range rows {
			if err := put(&rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func mustWriteRows(t testing.TB, j *Journal, p usage.Period, rows []usage.HistoryRow) usage.HistoryFile {
	t.Helper()
	f, err := writeRows(j, p, rows)
	require.NoError(t, err)
	return f
}

// identified is a row in a form that compares across processes.
type identified struct {
	kind          usage.Kind
	names, values string
	usage.Measures
}

func identify(r *usage.HistoryRow) identified {
	return identified{r.Schema.Kind, fmt.Sprintf("%q", r.Schema.Names), fmt.Sprintf("%q", r.Values), r.Measures}
}

func readRows(j *Journal, f usage.HistoryFile) (rows []identified, err error) {
	err = j.ReadHistory(f, func(r *usage.HistoryRow) error {
		rows = append(rows, identify(r))
		return nil
	})
	return rows, err
}

func TestHistoryIsReadAsItWasWritten(t *testing.T) {
	w := mustOpen(t, t.TempDir())
	rows := historyRows(w.schemas, 6000)
	f := mustWriteRows(t, w.journal, hourAt(7), rows)
	want, sums := []identified(nil), [usage.Kinds]usage.Measures{}
	for i := range rows {
		want = append(want, identify(&rows[i]))
		sums[rows[i].Schema.Kind].Add(&rows[i].Measures)
	}
	assert.Equal(t, usage.HistoryFile{Number: 1, Period: hourAt(7), Rows: 6000, Folded: true, Sums: sums}, f)
	got, err := readRows(w.journal, f)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	empty := mustWriteRows(t, w.journal, usage.Period{Granularity: usage.Daily, Start: -3600, End: 82800}, nil)
	assert.Equal(t, uint64(2), empty.Number)
	assert.False(t, empty.Folded)
	got, err = readRows(w.journal, empty)
	require.NoError(t, err)
	assert.Empty(t, got)
	require.NoError(t, w.journal.Close())
}

// countingFS is a place that counts the bytes that are read.
type countingFS struct {
	files.FS
	bytes *int
}

func (c countingFS) Open(name string) (io.ReadCloser, error) {
	f, err := c.FS.Open(name)
	return countingFile{f, c.bytes}, err
}

type countingFile struct {
	io.ReadCloser
	bytes *int
}

func (c countingFile) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	*c.bytes += n
	return n, err
}

// Whoever has seen enough ends the reading, of which no more than a frame is in memory.
// It is so for damage too: nothing behind it matters.
func TestHistoryIsReadFrameByFrame(t *testing.T) {
	disk, read := filestest.NewMemory(), 0
	w, err := openAs("", countingFS{mounted(t, disk), &read}, usage.ExponentialLayout(), false)
	require.NoError(t, err)
	f := mustWriteRows(t, w.journal, hourAt(0), historyRows(w.schemas, 60_000))
	size := len(disk.Read(historyName(f.Number)))
	require.Greater(t, size, 1<<20)

	read = 0
	enough := errors.New("enough")
	require.ErrorIs(t, w.journal.ReadHistory(f, func(*usage.HistoryRow) error { return enough }), enough)
	assert.Less(t, read, 4*frameTarget)

	read = 0
	disk.Edit(historyName(f.Number), func(p []byte) []byte {
		p[1000] ^= 1
		return p
	})
	_, err = readRows(w.journal, f)
	var corrupt *CorruptError
	require.ErrorAs(t, err, &corrupt)
	assert.Less(t, read, 4*frameTarget)
	require.NoError(t, w.journal.Close())
}

// What fill says is what WriteHistory says, and nothing is left of the file.
func TestHistoryThatCannotBeFilled(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	before := len(stateFiles(t, dir))
	failed := errors.New("cannot be had")
	_, err := w.journal.WriteHistory(hourAt(1), func(func(*usage.HistoryRow) error) error { return failed })
	require.ErrorIs(t, err, failed)
	assert.Len(t, stateFiles(t, dir), before)
	require.NoError(t, w.journal.Close())
}

// Files are read while others are written, listed, dropped and removed. One that is
// gone is gone, and never another one.
func TestHistoryIsReadWhileItChanges(t *testing.T) {
	w := mustOpen(t, t.TempDir())
	rows := historyRows(w.schemas, 300)
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for _, f := range w.History().Files {
					if got, err := readRows(w.journal, f); err == nil && len(got) != len(rows) || err != nil && !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("%d rows, %v", len(got), err)
					}
				}
			}
		})
	}
	for n := range int64(20) {
		w.ReplaceFiles(nil, []usage.HistoryFile{mustWriteRows(t, w.journal, hourAt(n), rows)})
		if list := w.History().Files; len(list) > 3 {
			w.DropFiles([]uint64{list[0].Number})
		}
		require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	}
	close(done)
	wg.Wait()
	require.NoError(t, w.journal.Close())
}

// A file stays as long as the newest snapshot lists it, or the one before, which is what
// recovery falls back on.
func TestHistoryIsSwept(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	there := func(f usage.HistoryFile) bool {
		_, err := os.Stat(filepath.Join(dir, historyName(f.Number)))
		return err == nil
	}
	listed := mustWriteRows(t, w.journal, hourAt(1), historyRows(w.schemas, 3))
	unlisted := mustWriteRows(t, w.journal, hourAt(2), nil)
	w.ReplaceFiles(nil, []usage.HistoryFile{listed})
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	assert.True(t, there(listed))
	assert.False(t, there(unlisted))
	w.DropFiles([]uint64{listed.Number})
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	assert.True(t, there(listed), "the snapshot before lists it")
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	assert.False(t, there(listed))
	require.NoError(t, w.journal.Close())
}

// A file of a newer format is refused, whether a snapshot lists it or not.
func TestNewerHistoryIsRefused(t *testing.T) {
	disk := filestest.NewMemory()
	disk.Edit(historyName(3), func([]byte) []byte {
		return binary.LittleEndian.AppendUint32([]byte(historyMagic), FormatVersion+1)
	})
	before := contents(disk)
	_, err := recoverOnly("", mounted(t, disk), usage.ExponentialLayout())
	var newer *NewerError
	require.ErrorAs(t, err, &newer)
	assert.Equal(t, before, contents(disk))
}

// A number that a reset masks is not given to another file, nor one that a snapshot
// lists.
func TestHistoryNumbersAreNotGivenOutAgain(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	day := mustWriteRows(t, w.journal, hourAt(1), historyRows(w.schemas, 3))
	last := mustWriteRows(t, w.journal, hourAt(2), historyRows(w.schemas, 3))
	w.ReplaceFiles(nil, []usage.HistoryFile{day, last})
	w.Reset(usage.Moment{}, usage.Scope{Attribute: usage.AttrMeter, Value: "meter 0"})
	require.Equal(t, last.Number, w.History().Erased[0].Through)
	w.DropFiles([]uint64{last.Number})
	for range 2 {
		require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	}
	require.NoError(t, w.journal.Close())
	require.NoFileExists(t, filepath.Join(dir, historyName(last.Number)))
	w = mustOpen(t, dir)
	next := mustWriteRows(t, w.journal, hourAt(3), nil)
	assert.Greater(t, next.Number, last.Number)

	w.journal.Adopt(w.found.Identity, 0, &usage.History{Files: []usage.HistoryFile{{Number: 20}}, Erased: []usage.Erased{{Through: 30}}})
	assert.Equal(t, uint64(31), mustWriteRows(t, w.journal, hourAt(4), nil).Number)
	require.NoError(t, w.journal.Close())
}

// No file is written that is refused when it is read.
func TestSchemasOfAFileAreBounded(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	w.count("GET /a")
	var rows []usage.HistoryRow
	for i := range maxSchemas + 1 {
		s := w.schemas.Intern(usage.Endpoint, append(usage.BaseNames(usage.Endpoint), fmt.Sprint("dimension ", i)))
		rows = append(rows, usage.HistoryRow{Schema: s, Values: []string{"app", "http", "GET /", "x"}})
	}
	_, err := writeRows(w.journal, hourAt(1), rows)
	require.ErrorContains(t, err, "there are more than 1000 sets of dimensions")
	f := mustWriteRows(t, w.journal, hourAt(1), rows[1:])
	got, err := readRows(w.journal, f)
	require.NoError(t, err)
	assert.Len(t, got, maxSchemas)

	var imported []usage.Imported
	for i := range rows {
		imported = append(imported, usage.Imported{Writer: "another", HistoryRow: rows[i]})
	}
	w.Import(imported, nil, nil, nil)
	require.ErrorContains(t, w.journal.Snapshot(time.Unix(0, 1), w), "there are more than 1000 sets of dimensions")
	require.NoError(t, w.journal.Close())
	w = mustOpen(t, dir)
	assert.Equal(t, int64(1), w.requests())
	require.NoError(t, w.journal.Close())
}

// Files of history are files: a storage extension has them too.
func TestHistoryInAStorage(t *testing.T) {
	store := storagetest.NewStore()
	inStore := func() *world {
		fsys, err := store.Open()
		require.NoError(t, err)
		w, err := openAs("", fsys, usage.ExponentialLayout(), true)
		require.NoError(t, err)
		return w
	}
	w := inStore()
	rows := historyRows(w.schemas, 9000)
	f := mustWriteRows(t, w.journal, hourAt(5), rows)
	other := mustWriteRows(t, w.journal, hourAt(6), rows)
	w.ReplaceFiles(nil, []usage.HistoryFile{f, other})
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	require.NoError(t, w.journal.Close())

	w = inStore()
	require.Equal(t, []usage.HistoryFile{f, other}, w.History().Files)
	got, err := readRows(w.journal, f)
	require.NoError(t, err)
	assert.Len(t, got, len(rows))
	w.DropFiles([]uint64{f.Number})
	visited := 0
	err = w.journal.ReadHistory(f, func(*usage.HistoryRow) error {
		visited++
		if visited == 1 { // and somebody removes it
			require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
			require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
		}
		return nil
	})
	if err != nil { // what was read ahead may have been all
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
	_, err = readRows(w.journal, f)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, w.journal.Close())

	fsys, err := store.Open()
	require.NoError(t, err)
	report, err := Verify(fsys)
	require.NoError(t, err)
	require.NoError(t, report.Err())
	require.NoError(t, fsys.Close())
}

// Durations that were counted in another layout leave their series, and not history:
// their sums are retired.
func TestHistoryAfterAChangedLayout(t *testing.T) {
	for _, filed := range []bool{false, true} {
		disk := filestest.NewMemory()
		k := mustOpenKept(t, disk, false, "new")
		for key := range uint64(6) {
			k.send(key + 1)
		}
		if filed {
			require.NoError(t, k.pass())
		}
		require.NoError(t, k.snapshot())
		want := k.counted()
		require.Positive(t, want[usage.Endpoint].Duration)
		require.NoError(t, k.balance())
		require.NoError(t, k.journal.Close())
		for range 2 {
			k = newKeptIn(mounted(t, disk), usage.ExplicitLayout([]time.Duration{time.Second}))
			require.NoError(t, k.begin(false))
			assert.Equal(t, want, k.counted())
			require.NoError(t, k.balance())
			require.NoError(t, k.journal.Close())
		}
	}
}
