package journal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Target takes the state that is read back; see engine.Engine.
type Target interface {
	// Forget forgets everything, before another snapshot is tried.
	Forget()
	Restore(row *usage.Row) error
	RestoreRetired(row *usage.Retired) error
	RestoreKeys(minute int64, keys []uint64)
	LoadKeys(f usage.KeyFile, keys []uint64) error
	RestoreChoices(list []usage.Choice)
	RestoreCalls(list []usage.Call)
	// RestoreStreams keeps the spreads of streams.
	RestoreStreams(list []usage.Stream)
	RestoreSessions(list []usage.Session)
	RestoreDetached(list []usage.HourRow) error
	RestoreImported(list []usage.Imported) error
	Resume(base uint64, totals usage.Totals)
	Replay(c *usage.Commit) error
	// Report says that changes are in a window that ends at a time.
	Report(changes []usage.Row, at int64) error
	ReplayWindow(w *usage.Window)
}

// Recovered is what recovery found.
type Recovered struct {
	// Identity is that of the last run; its writer is empty for a new
	// directory, and for one in which nothing says whose it is.
	Identity
	// Moment is the newest one that was given out.
	Moment usage.Moment
	// LayoutSince is when durations began to fall into today's layout, in Unix
	// ns; 0: since each series began.
	LayoutSince int64
	// Relaid says that the stored layout was another one: distributions were
	// left behind, everything else was kept.
	Relaid bool
	// TornBytes could not be read at the end of a journal: a write that its
	// process did not survive. The journal is kept beside the state.
	TornBytes int64
	// Discarded names journals that never got the snapshot they build on: that of
	// a start, or after a failed write. They were never reported as durable.
	Discarded []string
	// Damage is what was found damaged or missing. Nothing is done about it
	// before Start, which moves damaged files to the quarantine.
	Damage []error
	// Lost says that commits are gone which had been durable.
	Lost bool
}

// Recover reads the directory into target: the newest snapshot that is whole,
// then every journal from its generation on. It changes nothing but leftover
// temporary files, so it can be interrupted and repeated.
func (j *Journal) Recover(target Target) (Recovered, error) {
	found, err := j.list()
	if err != nil {
		return Recovered{}, err
	}
	r := &recovery{journal: j, target: target, files: found, names: make(map[string]struct{}, len(found))}
	for _, f := range found {
		r.names[f.name] = struct{}{}
	}
	if err := r.run(); err != nil {
		return Recovered{}, err
	}
	j.pending.appended, j.pending.window = r.seq, r.window
	j.kept = keptState{generation: r.from, keys: r.keys, history: r.history}
	if r.Lost {
		// The old generations are no whole state: nothing to fall back on.
		j.kept = keptState{generation: j.header.generation + 1}
	}
	return r.Recovered, nil
}

// recovery is one pass over the files.
type recovery struct {
	Recovered
	journal *Journal
	target  Target
	files   []stateFile
	names   map[string]struct{} // of files
	from    uint64              // generation of the snapshot that was read
	keys    []uint64            // numbers of the files with dedup keys that it refers to
	history []uint64            // of the files of history
	foreign bool                // whether the current file has another layout than today's
	seq     uint64              // newest commit read
	// resuming says that the current file is a journal which may go on from the
	// one before it although that one failed.
	resuming bool
	// contained is the newest commit in the snapshot, which was copied while
	// commits went on.
	contained uint64
	window    usage.Window // on its way to the exits
}

func (r *recovery) run() error {
	if err := r.checkVersions(); err != nil {
		return err
	}
	if err := r.journal.removeLeftovers(); err != nil {
		return err
	}
	if err := r.readSnapshots(); err != nil {
		return err
	}
	if err := r.readJournals(); err != nil {
		return err
	}
	if r.seq < r.contained {
		r.lose(fmt.Errorf("`%s` contains commit %d, but its journals end with commit %d", snapshotName(r.from), r.contained, r.seq))
	}
	if err := r.checkWindow(); err != nil {
		return err
	}
	if r.Writer == "" {
		r.identify()
	}
	return nil
}

// checkVersions notes which numbers are taken and refuses files of a newer
// format before anything else is done.
func (r *recovery) checkVersions() error {
	j := r.journal
	for _, f := range r.files {
		number := &j.numbers[f.kind]
		if f.kind == journalKind || f.kind == snapshotKind {
			number = &j.header.generation
		}
		*number = max(*number, f.number)
		err := r.open(f.name, func(fr *frameReader) error {
			_, err := fr.readVersion(f.kind.magic())
			return err
		})
		if newer := (*NewerError)(nil); errors.As(err, &newer) {
			return err
		}
	}
	return nil
}

// readSnapshots reads the newest snapshot that is whole.
func (r *recovery) readSnapshots() error {
	for _, f := range slices.Backward(r.files) {
		if f.kind != snapshotKind {
			continue
		}
		err := r.open(f.name, r.snapshot)
		if err == nil {
			r.from = f.number
			return nil
		}
		if err := r.damaged(f, err); err != nil {
			return err
		}
		r.target.Forget()
		r.seq, r.contained, r.keys, r.history, r.Relaid, r.window = 0, 0, nil, nil, false, usage.Window{}
	}
	if len(r.Damage) > 0 && !r.has(journalKind, 1) {
		r.lose(errors.New("no snapshot is left to begin with"))
	}
	return nil
}

func (r *recovery) has(kind fileKind, number uint64) bool {
	return slices.ContainsFunc(r.files, func(f stateFile) bool { return f.kind == kind && f.number == number })
}

func (r *recovery) hasName(name string) bool {
	_, there := r.names[name]
	return there
}

// damaged notes a damaged file; other errors it returns.
func (r *recovery) damaged(f stateFile, err error) error {
	corrupt := (*CorruptError)(nil)
	if !errors.As(err, &corrupt) {
		return err
	}
	r.Damage = append(r.Damage, err)
	r.journal.damaged = append(r.journal.damaged, f.name)
	return nil
}

// lose notes that something durable is gone.
func (r *recovery) lose(why error) {
	r.Damage = append(r.Damage, why)
	r.Lost = true
}

// readJournals reads the journals that continue the snapshot, up to the first
// that cannot be applied.
func (r *recovery) readJournals() error {
	if r.from > 0 && !r.has(journalKind, r.from) {
		r.lose(fmt.Errorf("`%s` is missing, without which `%s` is not the whole state", journalName(r.from), snapshotName(r.from)))
	}
	for i, f := range r.files {
		if f.kind != journalKind || f.number < r.from {
			continue
		}
		err := r.open(f.name, r.journalFile)
		if errors.Is(err, errAwaitsSnapshot) {
			// Nothing in it was reported as durable, and nothing continues it.
			r.Discarded = append(r.Discarded, f.name)
			continue
		}
		if err == nil {
			continue
		}
		if err := r.damaged(f, err); err != nil {
			return err
		}
		r.Lost = true
		r.abandon(r.files[i+1:])
		return nil
	}
	return nil
}

// abandon sets aside the journals behind one that is damaged: what they
// continue is not there.
func (r *recovery) abandon(files []stateFile) {
	for _, f := range files {
		if f.kind == journalKind {
			r.Damage = append(r.Damage, fmt.Errorf("`%s` cannot be used: what it continues is damaged", f.name))
			r.journal.damaged = append(r.journal.damaged, f.name)
		}
	}
}

// identify looks for any file that says whose state this was.
func (r *recovery) identify() {
	for _, f := range slices.Backward(r.files) {
		_ = r.open(f.name, func(fr *frameReader) error {
			h, err := fr.readPreamble(f.kind.magic())
			if err != nil {
				return err
			}
			if r.Writer == "" {
				r.Writer, r.Secret = h.Writer, h.Secret
			}
			r.Epoch = max(r.Epoch, h.Epoch)
			return err
		})
	}
}

func (r *recovery) open(name string, read func(*frameReader) error) error {
	file, err := r.journal.fs.Open(name)
	if err != nil {
		return fmt.Errorf("open state file: %w", err)
	}
	err = read(newFrameReader(name, file))
	if err := file.Close(); err != nil {
		return fmt.Errorf("close state file: %w", err)
	}
	return err
}

// take notes whose state a file is and in which layout it counts durations.
func (r *recovery) take(h header, fr *frameReader) error {
	if f, _ := parseName(fr.name); h.generation != f.number {
		return fr.corrupt("it is of generation %d: was it renamed?", h.generation)
	}
	if r.Writer != "" && r.Writer != h.Writer {
		return fr.corrupt("it belongs to writer %s, the files before it to %s", h.Writer, r.Writer)
	}
	r.Writer, r.Secret = h.Writer, h.Secret
	if r.foreign = !h.layout.Equal(r.journal.options.Layout); !r.foreign {
		r.LayoutSince = h.layoutSince
	}
	return nil
}
