package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Source is the state that a snapshot is taken of.
type Source interface {
	// Rows copies up to limit series from a slot on; see engine.Engine.Rows.
	Rows(rows []usage.Row, from uint32, limit int) (out []usage.Row, next uint32, more bool)
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

// Start makes the journal writable for one run of a writer. It begins a
// generation with what was recovered, so that older files become superfluous.
func (j *Journal) Start(id Identity, now time.Time, layoutSince int64, src Source) error {
	j.header.Identity, j.header.layout, j.header.layoutSince = id, j.options.Layout, layoutSince
	return j.Snapshot(now, src)
}

// Snapshot begins a new generation: a new journal, at once, then a copy of the
// state while commits go on into it. When the copy is complete, older files are
// removed. It also cures a broken journal, since the copy has everything.
func (j *Journal) Snapshot(now time.Time, src Source) error {
	h, err := j.rotate(now)
	if err != nil {
		return err
	}
	if err := j.writeSnapshot(h, src); err != nil {
		return errors.Join(fmt.Errorf("snapshot: %w", err), j.abandon(h))
	}
	j.settle()
	return j.removeBefore(h.generation)
}

// settle makes the new journal count on its own, unless it broke meanwhile.
func (j *Journal) settle() {
	j.io.Lock()
	defer j.io.Unlock()
	if j.io.state == awaiting {
		j.io.state = writing
	}
}

// abandon gives up a journal that will not get the snapshot it awaits: nothing
// in it was reported as durable. One that continues its predecessor goes on.
// Renaming may have failed and taken effect; the snapshot goes first then,
// because without its journal it could not be recovered.
func (j *Journal) abandon(h header) error {
	if !h.rebase {
		return nil
	}
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.io.Lock()
	defer j.io.Unlock()
	_ = j.fail(errAwaitsSnapshot)
	err := j.io.file.Close()
	j.io.file = nil
	if gone := j.fs.Remove(snapshotName(h.generation)); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		return errors.Join(err, gone)
	}
	return errors.Join(err, j.fs.Remove(journalName(h.generation)))
}

// rotate goes on in the journal of the next generation and returns its header.
func (j *Journal) rotate(now time.Time) (header, error) {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.io.Lock()
	defer j.io.Unlock()
	// The name is taken from here on, whatever becomes of the file.
	j.header.generation++
	h := j.header
	h.created = now.UnixNano()
	name := journalName(h.generation)
	file, err := j.fs.Create(name)
	if err != nil {
		return header{}, fmt.Errorf("create journal: %w", err)
	}
	h.base, h.rebase = j.finish()
	if err := j.begin(file, h); err != nil {
		return header{}, errors.Join(j.fail(err), file.Close(), j.fs.Remove(name))
	}
	return h, nil
}

// finish ends the current file and returns the commit it ends with. Commits
// that are appended meanwhile are for the next file. If the current one is
// broken, the next does not continue it (rebase): the snapshot has the rest.
func (j *Journal) finish() (base uint64, rebase bool) {
	p, base := j.cut()
	if j.io.state == writing && j.writeBytes(p, base) == nil {
		_ = j.syncFile() // on failure the state says so
	}
	rebase = j.io.state == broken
	if j.io.file != nil {
		rebase = j.io.file.Close() != nil || rebase
		j.io.file = nil
	}
	if rebase {
		_, base = j.cut()
	}
	return base, rebase
}

// cut takes what is pending; what is appended from now on can be read without it.
func (j *Journal) cut() (p []byte, seq uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	p, j.mu.pending = j.mu.pending, nil
	j.mu.encoder, j.mu.deaf = newEncoder(), false
	return p, j.mu.appended
}

// begin makes a new file the current one.
func (j *Journal) begin(file files.File, h header) error {
	preamble := appendPreamble(nil, journalMagic, h)
	if _, err := file.Write(preamble); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	if err := errors.Join(file.Sync(), j.fs.Sync()); err != nil {
		return fmt.Errorf("sync journal: %w", err)
	}
	j.io.file, j.io.written, j.io.dirty = file, h.base, false
	j.size.Store(0)
	if j.io.state = writing; h.rebase {
		j.io.state = awaiting
	}
	return nil
}

// writeSnapshot writes the snapshot of a generation, which appears under its
// name complete or not at all.
func (j *Journal) writeSnapshot(h header, src Source) error {
	name := snapshotName(h.generation)
	file, err := j.fs.Create(name + tempSuffix)
	if err != nil {
		return err
	}
	w := &snapshotWriter{file: file, encoder: newEncoder(), buf: appendPreamble(nil, snapshotMagic, h)}
	err = w.writeAll(src)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = j.catchUp()
	}
	if err == nil {
		err = j.fs.Rename(name+tempSuffix, name)
	}
	if err != nil {
		return errors.Join(err, j.fs.Remove(name+tempSuffix))
	}
	j.snapshotBytes.Store(w.written)
	return j.fs.Sync()
}

// catchUp makes the journal durable up to what the copy contains. A snapshot
// must never be ahead of its journal: the numbers of the commits in between
// would be given out again, and taken for commits that it contains.
func (j *Journal) catchUp() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	return j.sync(func() error {
		if err := j.usable(); !errors.Is(err, errAwaitsSnapshot) {
			return err
		}
		return nil
	})
}

// snapshotWriter gathers rows into frames and frames into writes.
type snapshotWriter struct {
	file    files.File
	encoder encoder
	buf     []byte
	written int64
}

func (w *snapshotWriter) writeAll(src Source) error {
	var rows []usage.Row
	count := uint64(0)
	for next, more := uint32(0), true; more; {
		rows, next, more = src.Rows(rows[:0], next, rowsPerCopy)
		if err := w.writeRows(rows); err != nil {
			return err
		}
		count += uint64(len(rows))
	}
	// Copied last, the totals contain at least what any series contains.
	start := 0
	w.buf, start = beginFrame(w.buf, frameEnd)
	w.buf = endFrame(appendTotals(w.buf, src.Totals(), count), start)
	return w.flush()
}

func (w *snapshotWriter) writeRows(rows []usage.Row) error {
	for len(rows) > 0 {
		for i := range rows {
			w.buf = w.encoder.schema(w.buf, rows[i].Schema)
		}
		start := 0
		w.buf, start = beginFrame(w.buf, frameRows)
		for len(rows) > 0 && len(w.buf)-start < frameTarget {
			w.buf = appendRow(w.buf, &rows[0])
			rows = rows[1:]
		}
		w.buf = endFrame(w.buf, start)
	}
	if len(w.buf) < writeTarget {
		return nil
	}
	return w.flush()
}

func (w *snapshotWriter) flush() error {
	n, err := w.file.Write(w.buf)
	w.written += int64(n)
	w.buf = w.buf[:0]
	return err
}

// removeBefore removes the files of older generations.
func (j *Journal) removeBefore(generation uint64) error {
	if err := j.keepTorn(); err != nil {
		return err
	}
	found, err := j.list()
	if err != nil {
		return err
	}
	for _, f := range found {
		if f.generation < generation {
			if err := j.fs.Remove(f.name); err != nil {
				return fmt.Errorf("remove superseded file: %w", err)
			}
		}
	}
	return nil
}
