package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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

// inMemory recovers a disk, whatever is damaged, and starts a run.
func inMemory(t *testing.T, disk *filestest.Memory) (*world, error) {
	t.Helper()
	fsys, err := disk.Mount()
	require.NoError(t, err)
	return openAs("", fsys, usage.ExponentialLayout(), true)
}
