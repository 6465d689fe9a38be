package journal

import (
	"errors"
	"fmt"
	"sync"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// currentFile is the journal being written. The lock is held while writing; it
// is taken before that of pendingCommits. Whoever holds it writes for everyone
// who waits: this is what groups commits.
type currentFile struct {
	sync.Mutex
	state   state
	err     error // why the journal is broken
	file    files.File
	spare   []byte // the other pending buffer
	written uint64 // newest commit in the file
	size    int64  // bytes in the file
	dirty   bool   // something was written since the last sync
}

// state says what the current file is good for.
type state uint8

const (
	// closed: Start was not called yet, or Close was.
	closed state = iota
	// adopting: Adopt was called, Start was not; there is nothing to write yet.
	adopting
	// writing: the file continues what recovery can read.
	writing
	// awaiting: the file continues nothing but the snapshot that is being
	// written; until it is there nothing in the file is durable.
	awaiting
	// broken: the file failed. What it holds is unknown, so it is never written
	// to again; a snapshot has to make everything durable.
	broken
)

// usable returns why nothing can become durable now; the lock is held.
func (f *currentFile) usable() error {
	switch f.state {
	case writing, adopting:
		return nil
	case awaiting:
		return errAwaitsSnapshot
	case broken:
		return f.err
	default:
		return ErrClosed
	}
}

// sync writes and syncs what is pending, if the state is one that allows it,
// and returns the newest commit in the file; syncing is held.
func (j *Journal) sync(allowed func() error) (seq uint64, err error) {
	w, err := j.writeForSync(allowed)
	if err != nil || w.file == nil {
		return w.seq, err
	}
	err = w.file.Sync()
	j.file.Lock()
	defer j.file.Unlock()
	if err != nil {
		return 0, j.fail(fmt.Errorf("sync journal: %w", err))
	}
	return w.seq, j.noteSynced(w.size)
}

// unsynced is what has to be synced: a file, none if it holds nothing new, the
// newest commit in it and its size.
type unsynced struct {
	file files.File
	seq  uint64
	size int64
}

// writeForSync writes all that is pending.
func (j *Journal) writeForSync(allowed func() error) (unsynced, error) {
	f := &j.file
	f.Lock()
	defer f.Unlock()
	if err := allowed(); err != nil {
		return unsynced{}, err
	}
	if err := j.write(); err != nil {
		return unsynced{}, err
	}
	w := unsynced{seq: f.written, size: f.size}
	if f.dirty {
		// What is written from here on is for the next sync.
		w.file, f.dirty = f.file, false
	}
	return w, nil
}

// noteSynced writes how much of the file was synced, so that recovery can tell
// damage from what a crash may leave; the lock of the file is held. The note
// itself needs no sync: it is about what a power loss spares.
func (j *Journal) noteSynced(size int64) error {
	if j.file.state == broken {
		return j.file.err
	}
	var note [32]byte
	return j.writeBytes(appendSynced(note[:0], size))
}

// write writes all that is pending; the lock of the file is held.
func (j *Journal) write() error {
	f, p := &j.file, &j.pending
	p.Lock()
	bytes, seq := p.bytes, p.appended
	p.bytes = f.spare
	p.Unlock()
	if f.spare = bytes[:0]; cap(bytes) > maxSpare {
		f.spare = nil
	}
	return j.writeCommits(bytes, seq)
}

// maxSpare is how large a buffer may be to be kept: one giant batch must not
// hold its memory for ever.
const maxSpare = 4 << 20

// writeCommits writes commits up to seq.
func (j *Journal) writeCommits(p []byte, seq uint64) error {
	f := &j.file
	if len(p) > maxFrame {
		return j.fail(errors.New("write journal: a single write is too large, a snapshot has to do it"))
	}
	if len(p) > 0 {
		f.dirty = true
		if err := j.writeBytes(p); err != nil {
			return err
		}
	}
	f.written = seq
	return nil
}

func (j *Journal) writeBytes(p []byte) error {
	n, err := j.file.file.Write(p)
	j.file.size += int64(n)
	j.sizes.journal.Add(int64(n))
	if err != nil {
		return j.fail(fmt.Errorf("write journal: %w", err))
	}
	return nil
}

// syncFile syncs while the lock of the file is held, when it is about to be
// closed.
func (j *Journal) syncFile() error {
	f := &j.file
	if !f.dirty {
		return nil
	}
	if err := f.file.Sync(); err != nil {
		return j.fail(fmt.Errorf("sync journal: %w", err))
	}
	f.dirty = false
	return j.noteSynced(f.size)
}

// fail gives the file up: after an error nobody knows what it holds, and
// trying again can make it worse.
func (j *Journal) fail(err error) error {
	j.file.state, j.file.err = broken, err
	j.goDeaf()
	return err
}

func (j *Journal) goDeaf() {
	j.pending.Lock()
	defer j.pending.Unlock()
	j.pending.deaf, j.pending.bytes = true, nil
}
