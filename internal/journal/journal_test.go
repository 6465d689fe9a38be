package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

func TestStateSurvivesRestarts(t *testing.T) {
	dir := t.TempDir()
	var rows []usage.Row
	for epoch := uint64(1); epoch <= 4; epoch++ {
		w := mustOpen(t, dir)
		assert.Equal(t, epoch-1, w.found.Epoch)
		assert.Equal(t, rows, w.rows(), "epoch %d", epoch)
		for i := range 100 {
			w.count(fmt.Sprintf("GET /%d", i%7))
		}
		rows = w.rows()
		require.NoError(t, w.journal.Close())
	}
	w := mustOpen(t, dir)
	assert.Equal(t, int64(400), w.requests())
	assert.Equal(t, "writer", w.found.Writer)
	require.NoError(t, w.journal.Close())
}

// A process that is killed leaves what Write returned nil for.
func TestWrittenCommitsSurviveWithoutClose(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	w := mustOpen(t, dir)
	w.count("GET /a")
	require.NoError(t, w.journal.Write(w.count("GET /b")))
	w.count("GET /c") // never written
	require.NoError(t, os.CopyFS(copied+"/state", os.DirFS(dir)))
	require.NoError(t, w.journal.Close())

	again := mustOpen(t, copied+"/state")
	assert.Equal(t, int64(2), again.requests())
	require.NoError(t, again.journal.Close())
}

func TestTornTailIsCut(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	require.NoError(t, w.journal.Write(w.count("GET /a")))
	whole := w.journal.Size()
	require.NoError(t, w.journal.Write(w.count("GET /b")))
	last := w.journal.Size() - whole
	require.NoError(t, w.journal.Close())
	name := filepath.Join(dir, journalName(1))
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	content = content[:int64(len(content))-noteBytes(t, content)] // a killed process leaves none
	for cut := range last {
		sub := t.TempDir()
		require.NoError(t, os.CopyFS(sub+"/state", os.DirFS(dir)))
		name := filepath.Join(sub, "state", journalName(1))
		require.NoError(t, os.Truncate(name, int64(len(content))-1-cut))
		w := mustOpen(t, sub+"/state")
		assert.Equal(t, int64(1), w.requests(), "%d bytes cut", cut+1)
		assert.Equal(t, last-1-cut, w.found.TornBytes)
		_, kept := stateFiles(t, sub+"/state")[journalName(1)+tornSuffix]
		assert.Equal(t, w.found.TornBytes > 0, kept, "what was cut is kept")
		require.NoError(t, w.journal.Close())
	}
}

// noteBytes is the size of the note that a synced journal ends with.
func noteBytes(t *testing.T, content []byte) int64 {
	t.Helper()
	for size := range int64(20) {
		fr := newFrameReader("note", bytes.NewReader(content[int64(len(content))-size:]))
		if kind, _, err := fr.next(); err == nil && kind == frameSynced {
			return size
		}
	}
	t.Fatal("the journal does not end with a note")
	return 0
}

// Damage before something readable is no torn tail: it is refused, and nothing
// is changed.
func TestDamageInTheMiddleIsRefused(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	for i := range 4 {
		require.NoError(t, w.journal.Write(w.count(fmt.Sprintf("GET /%d", i))))
	}
	require.NoError(t, w.journal.Close())
	name := filepath.Join(dir, journalName(1))
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	for at := len(journalMagic) + 4; int64(at) < int64(len(content))-noteBytes(t, content); at++ {
		damaged := append([]byte{}, content...)
		damaged[at] ^= 0x10
		require.NoError(t, os.WriteFile(name, damaged, 0o600))
		before := stateFiles(t, dir)
		_, err := open(dir, nil, usage.ExponentialLayout())
		var corrupt *CorruptError
		require.ErrorAs(t, err, &corrupt, "byte %d", at)
		assert.Equal(t, journalName(1), corrupt.File)
		assert.Equal(t, before, stateFiles(t, dir))
	}
}

func TestStrangeFilesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  string
	}{
		"noise for a snapshot": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, snapshotName(9)), []byte("not a snapshot at all"), 0o600))
		}, "`00000000000000000009.snapshot` is damaged at byte 0: it does not begin with \"usagesnp\""},
		"noise for a journal": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, journalName(9)), []byte("not a journal at all!"), 0o600))
		}, "`00000000000000000009.journal` is damaged at byte 0: it does not begin with \"usagejnl\""},
		"a directory for a journal": {func(t *testing.T, dir string) {
			require.NoError(t, os.Mkdir(filepath.Join(dir, journalName(9)), 0o700))
		}, "`00000000000000000009.journal` is not a regular file: move it away"},
		"a link for a snapshot": {func(t *testing.T, dir string) {
			require.NoError(t, os.Symlink("elsewhere", filepath.Join(dir, snapshotName(9))))
		}, "`00000000000000000009.snapshot` is not a regular file: move it away"},
		"a newer format": {func(t *testing.T, dir string) {
			content := append([]byte(snapshotMagic), FormatVersion+1, 0, 0, 0, 1, 2, 3)
			require.NoError(t, os.WriteFile(filepath.Join(dir, snapshotName(9)), content, 0o600))
		}, "`00000000000000000009.snapshot` has format version 6, this build reads versions up to 5: use the build that wrote it"},
		"a missing journal": {func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, journalName(1))))
		}, "`00000000000000000001.journal` is missing, without which `00000000000000000001.snapshot` is not the whole state"},
		"a renamed snapshot": {func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(filepath.Join(dir, snapshotName(1)), filepath.Join(dir, snapshotName(2))))
		}, "`00000000000000000002.snapshot` is damaged at byte"},
		"a truncated snapshot": {func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, snapshotName(1)), 30))
		}, "the file is incomplete"},
		"a journal of somebody else": {func(t *testing.T, dir string) {
			other := t.TempDir()
			w := mustOpen(t, other)
			w.count("GET /other")
			require.NoError(t, w.journal.Snapshot(time.Unix(0, 2), w))
			require.NoError(t, w.journal.Close())
			require.NoError(t, os.Rename(filepath.Join(other, journalName(2)), filepath.Join(dir, journalName(2))))
		}, "it continues commit 1, but the files before it end with commit 2"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w := mustOpen(t, dir)
			w.count("GET /a")
			w.count("GET /b")
			require.NoError(t, w.journal.Close())
			c.spoil(t, dir)
			before := stateFiles(t, dir)
			_, err := open(dir, nil, usage.ExponentialLayout())
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, before, stateFiles(t, dir), "nothing is changed")
		})
	}
}

func TestSecondWriterIsRefused(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	_, err := open(dir, nil, usage.ExponentialLayout())
	var locked *files.LockedError
	require.ErrorAs(t, err, &locked)
	assert.Equal(t, "the test", locked.Owner)
	require.NoError(t, w.journal.Write(w.count("GET /a")), "the first is undisturbed")
	require.NoError(t, w.journal.Close())
	w = mustOpen(t, dir)
	assert.Equal(t, int64(1), w.requests())
	require.NoError(t, w.journal.Close())
}

// A-F11: files are private and nothing temporary stays.
func TestFilesArePrivateAndComplete_A_F11(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by", "us")
	w := mustOpen(t, dir)
	w.count("GET /a")
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	require.NoError(t, w.journal.Close())
	info, err := os.Stat(dir)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), e.Name())
	}
	assert.Len(t, entries, 5, "the lock, and two generations of snapshot and journal")

	leftover := filepath.Join(dir, snapshotName(7)+tempSuffix)
	require.NoError(t, os.WriteFile(leftover, []byte("half"), 0o600))
	foreign := filepath.Join(dir, "notes.txt.tmp")
	require.NoError(t, os.WriteFile(foreign, []byte("mine"), 0o600))
	require.NoError(t, mustOpen(t, dir).journal.Close())
	assert.NoFileExists(t, leftover)
	assert.FileExists(t, foreign)
}

func TestChangedLayoutKeepsCounts(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	w.count("GET /a")
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	w.count("GET /a")
	require.NoError(t, w.journal.Close())
	w, err := open(dir, nil, usage.ExplicitLayout([]time.Duration{time.Second}))
	require.NoError(t, err)
	assert.True(t, w.found.Relaid)
	assert.Equal(t, int64(2), w.requests())
	row := w.rows()[0]
	assert.Zero(t, row.Durations.Count())
	assert.Zero(t, row.Duration)
	require.NoError(t, w.journal.Close())
}

// TestSnapshotsWhileCounting takes snapshots under load and recovers the exact
// state from what is on disk.
func TestSnapshotsWhileCounting(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				if err := w.journal.Write(w.count(fmt.Sprintf("GET /%d/%d", g, i%50))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 10 {
		require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	}
	wg.Wait()
	rows, stats := w.rows(), w.Stats()
	require.NoError(t, w.journal.Close())
	w = mustOpen(t, dir)
	assert.Equal(t, rows, w.rows())
	assert.Equal(t, stats, w.Stats(), "the ledger too")
	hours, _, _ := w.HourRows(nil, w.OpenHours()[0].Start, 0, 1<<20)
	inHour := int64(0)
	for i := range hours {
		inHour += hours[i].TotalRequests()
	}
	assert.Equal(t, int64(2000), inHour, "and history")
	assert.Len(t, stateFiles(t, dir), 4, "but for one, older generations are gone")
	require.NoError(t, w.journal.Close())
}

func faulty(t *testing.T, dir string) *filestest.Faulty {
	t.Helper()
	d, err := files.Open(dir, "the test")
	require.NoError(t, err)
	return filestest.New(d)
}

// A failed journal is not written to again; a snapshot makes everything durable.
func TestSnapshotCuresAFailedJournal(t *testing.T) {
	dir := t.TempDir()
	fsys := faulty(t, dir)
	w, err := open(dir, fsys, usage.ExponentialLayout())
	require.NoError(t, err)
	require.NoError(t, w.journal.Write(w.count("GET /a")))
	fsys.FailNow(true)
	require.ErrorIs(t, w.journal.Write(w.count("GET /b")), filestest.ErrFault)
	require.ErrorIs(t, w.journal.Snapshot(time.Unix(0, 1), w), filestest.ErrFault, "the disk still fails")
	require.Error(t, w.journal.Flush())
	for i := range 1000 {
		w.count(fmt.Sprintf("GET /%d", i))
	}
	assert.Zero(t, w.journal.Pending(), "nothing piles up while nothing can be written")
	fsys.Heal()
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 2), w))
	require.NoError(t, w.journal.Write(w.count("GET /c")))
	rows := w.rows()
	require.NoError(t, w.journal.Close())
	w = mustOpen(t, dir)
	assert.Equal(t, rows, w.rows())
	require.NoError(t, w.journal.Close())
}

// busy lets commits happen while a snapshot is copied, as consumers do.
type busy struct {
	*world
	commits int
}

func (b *busy) StoredRows(rows []usage.Row, from uint32, limit int) ([]usage.Row, uint32, bool) {
	for ; b.commits > 0; b.commits-- {
		b.count("GET /a")
	}
	return b.Engine.StoredRows(rows, from, limit)
}

// A snapshot contains commits that were made while it was copied: they have to
// be in its journal before it takes effect, or their numbers are given out again.
func TestSnapshotIsNotAheadOfItsJournal(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	w.count("GET /a")
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), &busy{world: w, commits: 50}))
	crashed := t.TempDir()
	require.NoError(t, os.CopyFS(crashed+"/state", os.DirFS(dir)))
	require.NoError(t, w.journal.Close())

	w = mustOpen(t, crashed+"/state")
	assert.Equal(t, int64(51), w.requests())
	for range 30 {
		require.NoError(t, w.journal.Write(w.count("GET /a")))
	}
	assert.Equal(t, int64(81), w.requests())
	require.NoError(t, w.journal.Close())

	// Should it be ahead all the same, it is refused.
	name := filepath.Join(dir, journalName(2))
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	end := int64(len(content)) - noteBytes(t, content) - 3
	require.NoError(t, os.WriteFile(name, content[:end], 0o600))
	_, err = open(dir, nil, usage.ExponentialLayout())
	require.ErrorContains(t, err, "contains commit 51, but its journals end with commit 50")
}

// While a snapshot fails again and again, neither files nor memory pile up.
func TestNothingPilesUpWhileFailing(t *testing.T) {
	dir := t.TempDir()
	d, err := files.Open(dir, "the test")
	require.NoError(t, err)
	disk := filestest.New(d)
	w, err := open(dir, disk, usage.ExponentialLayout())
	require.NoError(t, err)
	disk.FailNow(false)
	require.Error(t, w.journal.Write(w.count("GET /a")))
	w.journal.fs = noRename{disk}
	for i := range 50 {
		require.Error(t, w.journal.Snapshot(time.Unix(0, int64(i)), w))
		w.count("GET /a")
	}
	assert.Zero(t, w.journal.Pending())
	assert.Len(t, stateFiles(t, dir), 2, "what was there before it failed")
	w.journal.fs = disk
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 99), w))
	rows := w.rows()
	require.NoError(t, w.journal.Close())
	w = mustOpen(t, dir)
	assert.Equal(t, rows, w.rows())
	require.NoError(t, w.journal.Close())
}

// noRename is a directory in which no snapshot can be completed.
type noRename struct{ files.FS }

func (noRename) Rename(string, string) error { return filestest.ErrFault }

// slowDisk lets a test hold the next sync of a file.
type slowDisk struct {
	files.FS
	entered, release chan struct{}
}

func (d *slowDisk) Create(name string) (files.File, error) {
	f, err := d.FS.Create(name)
	return &slowFile{File: f, disk: d}, err
}

type slowFile struct {
	files.File
	disk *slowDisk
}

func (f *slowFile) Sync() error {
	if f.disk.entered != nil {
		f.disk.entered <- struct{}{}
		<-f.disk.release
	}
	return f.File.Sync()
}

// A commit does not wait for the sync of others.
func TestWriteDoesNotWaitForSync(t *testing.T) {
	dir := t.TempDir()
	d, err := files.Open(dir, "the test")
	require.NoError(t, err)
	disk := &slowDisk{FS: d}
	w, err := open(dir, disk, usage.ExponentialLayout())
	require.NoError(t, err)
	require.NoError(t, w.journal.Write(w.count("GET /a")))
	disk.entered, disk.release = make(chan struct{}), make(chan struct{})
	synced := make(chan error)
	go func() { synced <- w.journal.Flush() }()
	<-disk.entered
	require.NoError(t, w.journal.Write(w.count("GET /b")))
	close(disk.release)
	require.NoError(t, <-synced)
	disk.entered = nil
	require.NoError(t, w.journal.Close())
}

// Noise behind a whole journal must not take for ever to look through.
func TestNoiseIsLookedThroughQuickly(t *testing.T) {
	noise := make([]byte, 4<<20)
	for i := 0; i+8 <= len(noise); i += 4 {
		noise[i+2] = 4 // every fourth offset promises a frame of 256 kB
		noise[i] = 1
	}
	old, marked := frameReader{}, frameReader{marked: true}
	assert.True(t, old.holdsContradiction(noise), "given up")
	assert.False(t, old.holdsContradiction(make([]byte, 4<<20)), "zeros")
	assert.False(t, marked.holdsContradiction(noise), "only notes matter")
}

// A-R7: the error of closing a file that was written is not swallowed.
func TestCloseErrorsAreReturned_A_R7(t *testing.T) {
	dir := t.TempDir()
	fsys := faulty(t, dir)
	w, err := open(dir, fsys, usage.ExponentialLayout())
	require.NoError(t, err)
	require.NoError(t, w.journal.Write(w.count("GET /a")))
	require.NoError(t, w.journal.Flush())
	fsys.FailNow(false) // the close: nothing is left to write
	err = w.journal.Close()
	require.ErrorIs(t, err, filestest.ErrFault)
	assert.NoError(t, w.journal.Write(1), "what the last flush wrote is durable")
	assert.ErrorIs(t, w.journal.Write(w.count("GET /b")), ErrClosed)
}
