package journal

import (
	"errors"
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
// at a time; Snapshot, WriteKeys, WriteWindow and WriteHistory too, from one together;
// everything else concurrently.
type Journal struct {
	options Options
	fs      files.FS
	torn    []string  // journals whose end recovery could not read
	damaged []string  // files that recovery could not use
	kept    keptState // of the snapshot before
	spoilt  spoiltFiles
	header  header // of the newest generation
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

var (
	// ErrClosed is what a journal that was not started, or was closed, answers.
	ErrClosed = errors.New("the journal is not open for writing")
	// errAwaitsSnapshot is what it answers until its snapshot is there.
	errAwaitsSnapshot = errors.New("the journal awaits its snapshot")
)

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
