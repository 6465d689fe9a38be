package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// Start makes the journal writable for one run of a writer. It begins a
// generation with what was recovered, so that older files become superfluous.
// What could not be used of them is moved to the quarantine.
func (j *Journal) Start(id Identity, now time.Time, layoutSince int64, src Source) error {
	j.adopted()
	if err := j.setDamagedAside(j.damaged); err != nil {
		return err
	}
	j.damaged = nil
	j.header.Identity, j.header.layout, j.header.layoutSince = id, j.options.Layout, layoutSince
	return j.Snapshot(now, src)
}

// Snapshot begins a new generation: a new journal, at once, then a copy of the
// state while commits go on into it. When the copy is complete, files older
// than the generation before are removed. It also cures a broken journal, since
// the copy has everything.
func (j *Journal) Snapshot(now time.Time, src Source) error {
	h, err := j.rotate(now)
	if err != nil {
		return err
	}
	// Once the header is on the disk, and noted to be, an unreadable one is damage.
	err = j.catchUp()
	var kept keptState
	if err == nil {
		kept, err = j.writeSnapshot(h, src)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("snapshot: %w", err), j.abandon(h))
	}
	j.settle()
	return j.sweep(kept)
}

// settle makes the new journal count on its own, unless it broke meanwhile.
func (j *Journal) settle() {
	j.file.Lock()
	defer j.file.Unlock()
	if j.file.state == awaiting {
		j.file.state = writing
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
	f := &j.file
	f.Lock()
	defer f.Unlock()
	_ = j.fail(errAwaitsSnapshot)
	err := f.file.Close()
	f.file = nil
	if gone := j.fs.Remove(snapshotName(h.generation)); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		return errors.Join(err, gone)
	}
	// In this order on the disk, too.
	return errors.Join(err, j.fs.Sync(), j.fs.Remove(journalName(h.generation)))
}

// rotate goes on in the journal of the next generation and returns its header.
func (j *Journal) rotate(now time.Time) (header, error) {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	// The name is taken from here on, whatever becomes of the file.
	j.header.generation++
	h := j.header
	h.created = now.UnixNano()
	name := journalName(h.generation)
	file, err := j.fs.Create(name)
	if err != nil {
		return header{}, fmt.Errorf("create journal: %w", err)
	}
	// Commits are written meanwhile. What fails here shows in the state.
	_ = j.flush()
	if err := j.fs.Sync(); err != nil {
		return header{}, errors.Join(fmt.Errorf("sync directory: %w", err), file.Close(), j.fs.Remove(name))
	}
	if err := j.change(file, &h); err != nil {
		return header{}, errors.Join(err, file.Close(), j.fs.Remove(name))
	}
	return h, nil
}

// change ends the current file and makes another one current. Commits wait for
// what was written since the last flush to be synced, and for nothing else.
func (j *Journal) change(file files.File, h *header) error {
	j.file.Lock()
	defer j.file.Unlock()
	h.base, h.rebase = j.finish()
	if err := j.begin(file, *h); err != nil {
		return j.fail(err)
	}
	return nil
}

// finish ends the current file and returns the commit it ends with. Commits
// that are appended meanwhile are for the next file. If the current one is not
// known to be on the disk, the next does not continue it (rebase): the snapshot
// has the rest. So it is after a failure, and when a process starts: what it has
// read, a killed one may have left in the page cache only.
func (j *Journal) finish() (base uint64, rebase bool) {
	f := &j.file
	p, base := j.cut()
	if f.state == writing && j.writeCommits(p, base) == nil {
		_ = j.syncFile() // on failure the state says so
	}
	rebase = f.state != writing
	if f.file != nil {
		rebase = f.file.Close() != nil || rebase
		f.file = nil
	}
	if rebase {
		_, base = j.cut()
	}
	return base, rebase
}

// cut takes what is pending; what is appended from now on can be read without it.
func (j *Journal) cut() (bytes []byte, seq uint64) {
	p := &j.pending
	p.Lock()
	defer p.Unlock()
	bytes, p.bytes = p.bytes, nil
	p.encoder, p.deaf = newEncoder(), false
	return bytes, p.appended
}

// begin makes a new file the current one.
func (j *Journal) begin(file files.File, h header) error {
	preamble := j.appendContinued(appendPreamble(nil, journalMagic, h))
	if _, err := file.Write(preamble); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	f := &j.file
	f.file, f.written, f.dirty, f.size = file, h.base, true, int64(len(preamble))
	j.sizes.journal.Store(0)
	if f.state = awaiting; !h.rebase {
		f.state = writing
		j.synced.Store(h.base)
	}
	return nil
}
