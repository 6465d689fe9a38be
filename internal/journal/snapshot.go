package journal

import (
	"encoding/binary"
	"errors"
	"io"
	"iter"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Source is the state that a snapshot is taken of; see engine.Engine. It is
// copied part by part while commits go on.
type Source interface {
	// StoredRows are the series with their open hours.
	StoredRows(rows []usage.Row, from uint32, limit int) (out []usage.Row, next uint32, more bool)
	Retired(rows []usage.Retired, from, limit int) (out []usage.Retired, more bool)
	// Keys copies the dedup keys that are in no file, each part of one minute.
	Keys() iter.Seq2[int64, []uint64]
	// KeyFiles are the files that have the others.
	KeyFiles() []usage.KeyFile
	Choices(dst []usage.Choice, from, limit int) (out []usage.Choice, more bool)
	Calls(dst []usage.Call, after uint64, limit int) (out []usage.Call, next uint64, more bool)
	Streams(dst []usage.Stream, from, limit int) (out []usage.Stream, next int, more bool)
	// Sessions copies up to limit active sessions, from a place on.
	Sessions(dst []usage.Session, from, limit int) (out []usage.Session, next int, more bool)
	// Detached are rows of open hours whose series have ended.
	Detached(dst []usage.HourRow, from, limit int) (out []usage.HourRow, more bool)
	Imported(dst []usage.Imported, from, limit int) (out []usage.Imported, more bool)
	Totals() usage.Totals
}

const (
	// rowsPerCopy bounds how long a snapshot holds up commits.
	rowsPerCopy = 512
	// frameTarget is the size at which a frame of rows is closed.
	frameTarget = 32 << 10
	// writeTarget is how many bytes of frames are written at a time.
	writeTarget = 1 << 20
)

// writeSnapshot writes the snapshot of a generation, which appears under its
// name complete, on the disk and read back, or not at all. It returns which
// other files the snapshot refers to.
func (j *Journal) writeSnapshot(h header, src Source) (kept keptState, err error) {
	name := snapshotName(h.generation)
	var written *frameWriter
	err = j.writeFile(name, func(w *frameWriter) error {
		s := snapshotWriter{rowWriter: newRowWriter(w)}
		w.preamble(snapshotMagic, h)
		written = w
		err := s.writeAll(src)
		kept = keptState{generation: h.generation, keys: s.keys, window: s.window, history: s.history}
		return err
	}, j.catchUp)
	if err == nil {
		j.sizes.snapshot.Store(written.written)
	}
	return kept, err
}

// writeFile writes a file that never changes again. Before it gets its name it
// is synced, read back and whatever else has to come first is done.
func (j *Journal) writeFile(name string, write func(*frameWriter) error, first func() error) error {
	file, err := j.fs.Create(name + tempSuffix)
	if err != nil {
		return err
	}
	w := &frameWriter{file: file}
	err = errors.Join(write(w), w.flush())
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = j.verify(name+tempSuffix, w.frames)
	}
	if err == nil {
		err = first()
	}
	if err == nil {
		err = j.fs.Rename(name+tempSuffix, name)
	}
	if err != nil {
		return errors.Join(err, j.fs.Remove(name+tempSuffix))
	}
	return j.fs.Sync()
}

// verify reads a finished file back: every checksum has to be right.
func (j *Journal) verify(name string, frames int) error {
	file, err := j.fs.Open(name)
	if err != nil {
		return err
	}
	fr := newFrameReader(name, file)
	err = fr.skip(preambleBytes)
	for n := 0; err == nil; n++ {
		if _, _, err = fr.next(); errors.Is(err, io.EOF) && n != frames {
			err = fr.corrupt("%d frames where %d were written", n, frames)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, file.Close())
}

// catchUp makes the journal durable up to what the copy contains. A snapshot
// must never be ahead of its journal: the numbers of the commits in between
// would be given out again, and taken for commits that it contains.
func (j *Journal) catchUp() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	_, err := j.sync(func() error {
		if err := j.file.usable(); !errors.Is(err, errAwaitsSnapshot) {
			return err
		}
		return nil
	})
	return err
}

// snapshotWriter writes the parts of a snapshot.
type snapshotWriter struct {
	rowWriter
	rows    uint64
	keys    []uint64 // numbers of the files with dedup keys
	history []uint64 // of the files of history
	window  uint64   // number of the window on its way, 0: none
}

// writeAll copies the totals last: they contain at least what any part
// contains. The files with dedup keys come after the keys that are in none,
// because a minute may get its file in between.
func (w *snapshotWriter) writeAll(src Source) error {
	for _, write := range []func(Source) error{
		w.writeSeries, w.writeRetired, w.writeKeys, w.writeKeyFiles, w.writeChoices, w.writeCalls, w.writeStreams, w.writeSessions,
		w.writeDetached, w.writeImported,
	} {
		if err := write(src); err != nil {
			return err
		}
	}
	totals := src.Totals()
	if totals.Window.Open() {
		w.window = totals.Window.Number
	}
	if err := w.writeHistory(totals.History.Files); err != nil {
		return err
	}
	start := w.begin(frameEnd)
	w.buf = appendTotals(w.buf, &totals, w.rows)
	return w.end(start)
}

func (w *snapshotWriter) writeSeries(src Source) error {
	var rows []usage.Row
	for next, more := uint32(0), true; more; {
		rows, next, more = src.StoredRows(rows[:0], next, rowsPerCopy)
		if err := w.writeRows(frameRows, nil, rows); err != nil {
			return err
		}
		w.rows += uint64(len(rows))
	}
	return nil
}

func (w *snapshotWriter) writeRetired(src Source) error {
	return writeIdentified(w, frameRetired, src.Retired, func(r *usage.Retired) *usage.Schema { return r.Schema }, appendRetired)
}

func (w *snapshotWriter) writeKeys(src Source) error {
	for minute, keys := range src.Keys() {
		if err := w.keysFrame(minute, keys); err != nil {
			return err
		}
	}
	return nil
}

// keysFrame writes dedup keys of one minute.
func (w *frameWriter) keysFrame(minute int64, keys []uint64) error {
	if len(keys) == 0 {
		return nil
	}
	start := w.begin(frameKeys)
	w.buf = binary.AppendVarint(w.buf, minute)
	w.buf = appendKeys(w.buf, keys)
	return w.end(start)
}

func (w *snapshotWriter) writeKeyFiles(src Source) error {
	for _, f := range src.KeyFiles() {
		w.keys = append(w.keys, f.Number)
		start := w.begin(frameKeyFile)
		w.buf = binary.AppendUvarint(w.buf, f.Number)
		w.buf = binary.AppendVarint(w.buf, f.Minute)
		w.buf = binary.AppendUvarint(w.buf, uint64(f.Count))
		if err := w.end(start); err != nil {
			return err
		}
	}
	return nil
}
