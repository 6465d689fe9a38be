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
// at a time, Snapshot too; everything else concurrently.
type Journal struct {
	options Options
	fs      files.FS
	torn    []string // journals whose end recovery could not read
	header  header   // of the newest generation

	// mu guards what is appended and not yet written. It is held for copying
	// only, never for I/O, because the engine appends under its own lock.
	mu struct {
		sync.Mutex
		encoder  encoder
		pending  []byte
		appended uint64 // newest commit handed over
		// deaf is set while there is no file to write to: what is appended then
		// is not kept, because the snapshot that ends this state contains it.
		deaf bool
	}

	// syncing is held while the file is synced, or replaced; it is taken before
	// io. Commits are written meanwhile: they do not wait for the disk.
	syncing sync.Mutex

	// io guards the file and is held while writing; it is taken before mu.
	// Whoever holds it writes for everyone who waits: this is what groups
	// commits.
	io struct {
		sync.Mutex
		state   state
		err     error // why the journal is broken
		file    files.File
		spare   []byte // the other pending buffer
		written uint64 // newest commit in the file
		dirty   bool   // something was written since the last sync
	}

	size          atomic.Int64 // bytes behind the last snapshot
	snapshotBytes atomic.Int64
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

// usable returns why nothing can become durable now; io is held.
func (j *Journal) usable() error {
	switch j.io.state {
	case writing:
		return nil
	case awaiting:
		return errAwaitsSnapshot
	case broken:
		return j.io.err
	default:
		return ErrClosed
	}
}

// New returns a journal that takes nothing yet. Recover comes next, then Start.
func New(options Options) *Journal {
	j := &Journal{options: options, fs: options.FS}
	j.mu.deaf = true
	return j
}

// Append buffers a commit. It is durable once Write or Sync has returned nil
// for its sequence number.
func (j *Journal) Append(c *usage.Commit) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.mu.appended = c.Seq
	if !j.mu.deaf {
		j.mu.pending = j.mu.encoder.commit(j.mu.pending, c)
	}
}

// Tick buffers the time of an export, so that no later one is given a time
// before it, even if the process dies and the clock steps back.
func (j *Journal) Tick(unixNanos int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.mu.deaf {
		j.mu.pending = appendTick(j.mu.pending, unixNanos)
	}
}

// Pending is how many bytes wait to be written.
func (j *Journal) Pending() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.mu.pending)
}

// Write returns nil once every commit up to seq has been handed to the
// operating system: it survives the death of the process.
func (j *Journal) Write(seq uint64) error {
	j.io.Lock()
	defer j.io.Unlock()
	if j.io.written >= seq && (j.io.state == writing || j.io.state == closed) {
		return nil
	}
	if err := j.usable(); err != nil {
		return err
	}
	return j.write()
}

// Sync returns nil once everything appended so far is on the disk.
func (j *Journal) Sync() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	return j.sync(j.usable)
}

// sync writes and syncs, if the state is one that allows it; syncing is held.
func (j *Journal) sync(allowed func() error) error {
	file, err := j.writeForSync(allowed)
	if file == nil {
		return err
	}
	if err := file.Sync(); err != nil {
		j.io.Lock()
		defer j.io.Unlock()
		return j.fail(fmt.Errorf("sync journal: %w", err))
	}
	return nil
}

// writeForSync writes all that is pending and returns the file to sync, none
// if nothing was written since the last time.
func (j *Journal) writeForSync(allowed func() error) (files.File, error) {
	j.io.Lock()
	defer j.io.Unlock()
	if err := allowed(); err != nil {
		return nil, err
	}
	if err := j.write(); err != nil || !j.io.dirty {
		return nil, err
	}
	// What is written from here on is for the next sync.
	j.io.dirty = false
	return j.io.file, nil
}

// write writes all that is pending; io is held.
func (j *Journal) write() error {
	j.mu.Lock()
	p, seq := j.mu.pending, j.mu.appended
	j.mu.pending = j.io.spare
	j.mu.Unlock()
	return j.writeBytes(p, seq)
}

// maxSpare is how large a buffer may be to be kept: one giant batch must not
// hold its memory for ever.
const maxSpare = 4 << 20

// writeBytes writes commits up to seq and keeps the buffer for later.
func (j *Journal) writeBytes(p []byte, seq uint64) error {
	if j.io.spare = p[:0]; cap(p) > maxSpare {
		j.io.spare = nil
	}
	if len(p) > maxFrame {
		return j.fail(errors.New("write journal: a single write is too large, a snapshot has to do it"))
	}
	if len(p) > 0 {
		n, err := j.io.file.Write(p)
		j.size.Add(int64(n))
		j.io.dirty = true
		if err != nil {
			return j.fail(fmt.Errorf("write journal: %w", err))
		}
	}
	j.io.written = seq
	return nil
}

// syncFile syncs while io is held, when the file is about to be closed.
func (j *Journal) syncFile() error {
	if !j.io.dirty {
		return nil
	}
	if err := j.io.file.Sync(); err != nil {
		return j.fail(fmt.Errorf("sync journal: %w", err))
	}
	j.io.dirty = false
	return nil
}

// fail gives the file up: after an error nobody knows what it holds, and
// trying again can make it worse.
func (j *Journal) fail(err error) error {
	j.io.state, j.io.err = broken, err
	j.goDeaf()
	return err
}

func (j *Journal) goDeaf() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.mu.deaf, j.mu.pending = true, nil
}

// Size is how many bytes have been written behind the last snapshot.
func (j *Journal) Size() int64 { return j.size.Load() }

// SnapshotSize is how many bytes the newest snapshot has.
func (j *Journal) SnapshotSize() int64 { return j.snapshotBytes.Load() }

// Close writes and syncs what is pending, and closes the FS.
func (j *Journal) Close() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.io.Lock()
	defer j.io.Unlock()
	err := j.usable()
	if err == nil {
		err = j.write()
	}
	if err == nil {
		err = j.syncFile()
	}
	if errors.Is(err, ErrClosed) {
		err = nil
	}
	if j.io.file != nil {
		err = errors.Join(err, j.io.file.Close())
		j.io.file = nil
	}
	j.io.state = closed
	j.goDeaf()
	return errors.Join(err, j.fs.Close())
}
