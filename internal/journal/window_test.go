package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

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
