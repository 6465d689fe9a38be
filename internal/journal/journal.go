package journal

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Options are what a journal is made of.
type Options struct {
	// FS is where the files are; the journal closes it.
	FS files.FS
	// Schemas numbers the schemas of this process.
	Schemas *usage.Schemas
	// Layout is the one that durations fall into from now on.
	Layout *usage.Layout
}

// Journal is the open state directory. Append may be called from one goroutine
// at a time; Snapshot, WriteKeys and WriteWindow too, from one together;
// everything else concurrently.
type Journal struct {
	options Options
	fs      files.FS
	torn    []string  // journals whose end recovery could not read
	damaged []string  // files that recovery could not use
	kept    keptState // of the snapshot before
	header  header    // of the newest generation
	// numbers are the newest given to files, by kind; journals and snapshots
	// have their generation instead.
	numbers [fileKinds]uint64

	pending pendingCommits

	// syncing is held while the file is synced, or replaced; it is taken before
	// the lock of the file. Commits are written meanwhile: they do not wait for the disk. Whoever
	// holds it syncs for everyone who waits, who then find synced far enough.
	syncing sync.Mutex
	synced  atomic.Uint64 // newest commit on the disk

	file currentFile

	sizes sizes
}

// sizes are in bytes.
type sizes struct {
	journal  atomic.Int64 // behind the last snapshot
	snapshot atomic.Int64
}

// pendingCommits are encoded and not yet written. The lock is held for copying
// only, never for I/O, because the engine appends under its own.
type pendingCommits struct {
	sync.Mutex
	encoder  encoder
	bytes    []byte
	appended uint64 // newest commit handed over
	window   usage.Window
	// deaf is set while there is no file to write to: what is appended then is
	// not kept, because the snapshot that ends this state contains it.
	deaf bool
}

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
	// writing: the file continues what recovery can read.
	writing
	// awaiting: the file continues nothing but the snapshot that is being
	// written; until it is there nothing in the file is durable.
	awaiting
	// broken: the file failed. What it holds is unknown, so it is never written
	// to again; a snapshot has to make everything durable.
	broken
)

var (
	// ErrClosed is what a journal that was not started, or was closed, answers.
	ErrClosed = errors.New("the journal is not open for writing")
	// errAwaitsSnapshot is what it answers until its snapshot is there.
	errAwaitsSnapshot = errors.New("the journal awaits its snapshot")
)

// usable returns why nothing can become durable now; the lock is held.
func (f *currentFile) usable() error {
	switch f.state {
	case writing:
		return nil
	case awaiting:
		return errAwaitsSnapshot
	case broken:
		return f.err
	default:
		return ErrClosed
	}
}

// New returns a journal that takes nothing yet. Recover comes next, then Start.
func New(options Options) *Journal {
	j := &Journal{options: options, fs: options.FS}
	j.pending.deaf = true
	return j
}

// Append buffers a commit. It is durable once Write or Sync has returned nil
// for its sequence number.
func (j *Journal) Append(c *usage.Commit) {
	p := &j.pending
	p.Lock()
	defer p.Unlock()
	p.appended = c.Seq
	if !p.deaf {
		p.bytes = p.encoder.commit(p.bytes, c)
	}
}

// Tick buffers the moment of an export, so that no later one is given a time
// before it, even if the process dies and the clock steps back.
func (j *Journal) Tick(at usage.Moment) {
	p := &j.pending
	p.Lock()
	defer p.Unlock()
	if !p.deaf {
		p.bytes = appendTick(p.bytes, at)
	}
}

// Pending is how many bytes wait to be written.
func (j *Journal) Pending() int {
	j.pending.Lock()
	defer j.pending.Unlock()
	return len(j.pending.bytes)
}

// Write returns nil once every commit up to seq has been handed to the
// operating system: it survives the death of the process.
func (j *Journal) Write(seq uint64) error {
	f := &j.file
	f.Lock()
	defer f.Unlock()
	if f.written >= seq && (f.state == writing || f.state == closed) {
		return nil
	}
	if err := f.usable(); err != nil {
		return err
	}
	return j.write()
}

// WriteAll is Write for everything appended so far.
func (j *Journal) WriteAll() error {
	f := &j.file
	f.Lock()
	defer f.Unlock()
	if err := f.usable(); err != nil {
		return err
	}
	return j.write()
}

// Sync returns nil once every commit up to seq is on the disk: it survives the
// loss of power. One sync serves all who wait for it.
func (j *Journal) Sync(seq uint64) error {
	if j.synced.Load() >= seq {
		return nil
	}
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced.Load() >= seq {
		return nil
	}
	return j.flush()
}

// Flush returns nil once everything appended so far is on the disk.
func (j *Journal) Flush() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	return j.flush()
}

func (j *Journal) flush() error {
	seq, err := j.sync(j.file.usable)
	if err == nil {
		j.synced.Store(seq)
	}
	return err
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

// Size is how many bytes have been written behind the last snapshot.
func (j *Journal) Size() int64 { return j.sizes.journal.Load() }

// SnapshotSize is how many bytes the newest snapshot has.
func (j *Journal) SnapshotSize() int64 { return j.sizes.snapshot.Load() }

// Close writes and syncs what is pending, and closes the FS.
func (j *Journal) Close() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	f := &j.file
	f.Lock()
	defer f.Unlock()
	err := f.usable()
	if err == nil {
		err = j.write()
	}
	if err == nil {
		err = j.syncFile()
	}
	if errors.Is(err, ErrClosed) {
		err = nil
	}
	if f.file != nil {
		err = errors.Join(err, f.file.Close())
		f.file = nil
	}
	f.state = closed
	j.goDeaf()
	return errors.Join(err, j.fs.Close())
}
