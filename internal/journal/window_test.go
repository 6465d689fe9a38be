package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// cut puts what has changed into a window, a chunk for each series, as a meter
// does.
func (w *world) cut() (usage.Window, error) {
	tick := w.Tick(usage.Moment{})
	w.journal.Tick(tick)
	rows, _, _ := w.Changes(nil, 0, 1<<20)
	number, err := w.journal.WriteWindow(func(put func([]usage.Row, []byte) error) error {
		var errs error
		for i := range rows {
			errs = errors.Join(errs, put(rows[i:i+1], chunkData(&rows[i], tick.Wall)))
		}
		return errs
	})
	if err != nil {
		return usage.Window{}, err
	}
	window := usage.Window{Number: number, At: tick.Wall}
	r, err := w.journal.OpenWindow(number)
	for err == nil {
		var changes []usage.Row
		if changes, err = r.Changes(); err == nil {
			err = w.Report(changes, window.At)
			w.journal.AppendChanges(number, changes)
			window.Chunks++
		}
	}
	if !errors.Is(err, io.EOF) {
		return usage.Window{}, err
	}
	w.SetWindow(&window)
	return window, errors.Join(r.Close(), w.journal.Flush())
}

func (w *world) mustCut(t *testing.T) usage.Window {
	t.Helper()
	window, err := w.cut()
	require.NoError(t, err)
	return window
}

// take notes that an exit has taken so many chunks.
func (w *world) take(exit string, chunks int) {
	window := w.Window()
	window.Take(exit, chunks)
	w.SetWindow(&window)
}

// done ends a window, but for its file.
func (w *world) done() {
	window := w.Window()
	window.Close()
	w.SetWindow(&window)
}

// chunkData stands for what is sent. Some of it is long.
func chunkData(r *usage.Row, at int64) []byte {
	return fmt.Appendf(nil, "%v %v at %d %s", r.Values, r.Measures, at, strings.Repeat("x", int(r.Slot)*1000))
}

// data reads all chunks of a window as they are sent.
func (w *world) data(t *testing.T, window uint64) (chunks []string) {
	t.Helper()
	r, err := w.journal.OpenWindow(window)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	for {
		data, err := r.Data()
		if errors.Is(err, io.EOF) {
			return chunks
		}
		require.NoError(t, err)
		chunks = append(chunks, string(data))
	}
}

// state is all that recovery has to bring back of windows.
func (w *world) state() string {
	var b strings.Builder
	for _, r := range w.rows() {
		fmt.Fprintf(&b, "%d %v %+v %+v\n", r.Slot, r.Values, r.Measures, r.Reported)
	}
	fmt.Fprintf(&b, "%+v\n", w.Window())
	return b.String()
}

// killed returns a copy of a directory as it is while its writer runs.
func killed(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

func windowFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	for name := range stateFiles(t, dir) {
		if strings.Contains(name, ".window") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestWindowSurvivesAKill(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	w.count("GET /a")
	w.infer()
	w.count("GET /b")
	window := w.mustCut(t)
	assert.Equal(t, 3, window.Chunks)
	chunks := w.data(t, window.Number)
	assert.Len(t, chunks, 3)
	require.NoError(t, w.journal.Write(w.count("GET /a")))
	w.take("metrics/a", 3)
	w.take("metrics/b", 1)
	require.NoError(t, w.journal.Flush())
	state := w.state()
	require.Contains(t, state, "metrics/b")
	for range 3 {
		dir = killed(t, dir)
		again := mustOpen(t, dir)
		assert.Equal(t, state, again.state())
		assert.Equal(t, chunks, again.data(t, window.Number), "the same to the byte")
		assert.Equal(t, []string{windowName(1)}, windowFiles(t, dir))
		again.journal.Tick(usage.Moment{}) // something to write
		require.NoError(t, again.journal.Close())
	}
	require.NoError(t, w.journal.Close())
}

// A window counts from the moment that the journal says so, as a whole.
func TestWindowWithoutItsFrameNeverWas(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	w.count("GET /a")
	w.count("GET /b")
	rows, _, _ := w.Changes(nil, 0, 10)
	number, err := w.journal.WriteWindow(func(put func([]usage.Row, []byte) error) error { return put(rows, []byte("data")) })
	require.NoError(t, err)
	w.journal.AppendChanges(number, rows)
	require.NoError(t, w.journal.WriteAll())
	cut := killed(t, dir)
	assert.Len(t, windowFiles(t, cut), 1)
	again := mustOpen(t, cut)
	assert.Equal(t, usage.Window{}, again.Window())
	assert.Nil(t, again.rows()[0].Reported)
	assert.Empty(t, windowFiles(t, cut), "superfluous")
	next := again.mustCut(t)
	assert.Equal(t, uint64(2), next.Number, "numbers are not given twice")
	require.NoError(t, again.journal.Close())

	// Nor do its changes count with the window of another attempt.
	require.NoError(t, w.Report(rows, 1e6))
	w.count("GET /a")
	w.mustCut(t)
	again = mustOpen(t, killed(t, dir))
	assert.Equal(t, int64(1), again.rows()[0].Reported.TotalRequests())
	assert.Nil(t, again.rows()[1].Reported)
	require.NoError(t, again.journal.Close())
	require.NoError(t, w.journal.Close())
}

func TestWindowIsSweptWhenItIsDone(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	w.count("GET /a")
	w.mustCut(t)
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	assert.Equal(t, []string{windowName(1)}, windowFiles(t, dir), "on its way")
	w.done()
	require.NoError(t, w.journal.Flush())
	assert.Len(t, windowFiles(t, dir), 1, "if removing it failed")
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	assert.Empty(t, windowFiles(t, dir))

	w.count("GET /a")
	window := w.mustCut(t)
	w.done()
	require.NoError(t, w.journal.Flush())
	require.NoError(t, w.journal.RemoveWindow(window.Number))
	again := mustOpen(t, killed(t, dir))
	assert.Equal(t, usage.Window{Number: 2, At: window.At}, again.Window())
	require.NoError(t, again.journal.Close())
	require.NoError(t, w.journal.Close())
}

// What becomes of a window while a snapshot is copied is in the journal before
// it is in the snapshot, or recovery would take the window back.
func TestSnapshotIsNotAheadOfItsWindow(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	w.count("GET /a")
	w.count("GET /b")
	w.mustCut(t)
	w.take("a", 1)
	taking := &takingSource{world: w}
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), taking))
	require.True(t, taking.done)
	again := mustOpen(t, killed(t, dir))
	assert.False(t, again.Window().Chunks > 0)
	require.NoError(t, again.journal.Close())
	require.NoError(t, w.journal.Close())
}

// takingSource lets exits take a window while a snapshot is copied.
type takingSource struct {
	*world
	done bool
}

func (s *takingSource) KeyFiles() []usage.KeyFile {
	s.take("a", 2)
	s.world.done()
	s.done = true
	return s.world.KeyFiles()
}

// The snapshot before the newest leads to the same window.
func TestWindowAfterADamagedSnapshot(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	for i := range 4 {
		w.count(fmt.Sprintf("GET /%d", i%3))
		w.mustCut(t)
		w.done()
	}
	w.count("GET /a")
	window := w.mustCut(t)
	w.take("a", 1)
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	w.take("b", 1)
	require.NoError(t, w.journal.Flush())
	state, chunks := w.state(), w.data(t, window.Number)
	require.NoError(t, w.journal.Close())
	name := filepath.Join(dir, snapshotName(2))
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	content[len(content)/2] ^= 1
	require.NoError(t, os.WriteFile(name, content, 0o600))
	again := openDamaged(t, dir)
	assert.Len(t, again.found.Damage, 1)
	assert.False(t, again.found.Lost)
	assert.Equal(t, state, again.state())
	assert.Equal(t, chunks, again.data(t, window.Number))
	require.NoError(t, again.journal.Close())
}

// inMemory recovers a disk, whatever is damaged, and starts a run.
func inMemory(t *testing.T, disk *filestest.Memory) (*world, error) {
	t.Helper()
	fsys, err := disk.Mount()
	require.NoError(t, err)
	return openAs("", fsys, usage.ExponentialLayout(), true)
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

func TestChangesCannotBeReadAsAnythingElse(t *testing.T) {
	for name, payload := range map[string][]byte{
		"no number":           {},
		"a window cut short":  {1, 2, 3},
		"too many chunks":     {1, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0},
		"before time":         {1, 1, 1, 0},
		"more exits than is":  {1, 2, 1, 200, 1},
		"a name cut short":    {1, 2, 1, 1, 9, 'a'},
		"exits without count": {1, 2, 1, 1, 1, 'a'},
	} {
		t.Run(name, func(t *testing.T) {
			c := &cursor{rest: payload}
			c.window()
			assert.ErrorIs(t, c.err, errShort)
		})
	}
	d := newDecoder(FormatVersion, &usage.Schemas{})
	_, _, err := d.changes(nil)
	assert.ErrorIs(t, err, errShort)
}
