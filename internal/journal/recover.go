package journal

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Target takes the state that is read back; see engine.Engine.
type Target interface {
	Restore(row *usage.Row) error
	Resume(base uint64, totals usage.Totals)
	Replay(c *usage.Commit) error
}

// Recovered is what recovery found.
type Recovered struct {
	// Identity is that of the last run; its writer is empty for a new directory.
	Identity
	// Time is the newest time that was given out, in Unix ns.
	Time int64
	// LayoutSince is when durations began to fall into today's layout, in Unix
	// ns; 0: since each series began.
	LayoutSince int64
	// Relaid says that the stored layout was another one: distributions were
	// left behind, everything else was kept.
	Relaid bool
	// TornBytes could not be read at the end of a journal: a write that its
	// process did not survive. The journal is kept beside the state.
	TornBytes int64
	// Discarded names journals that were begun after a failed write and never
	// got the snapshot they build on. They were never reported as durable.
	Discarded []string
}

// Recover reads the directory into target. It changes nothing but leftover
// temporary files, so it can be interrupted and repeated.
func (j *Journal) Recover(target Target) (Recovered, error) {
	if err := j.removeLeftovers(); err != nil {
		return Recovered{}, err
	}
	files, err := j.list()
	if err != nil {
		return Recovered{}, err
	}
	r := &recovery{journal: j, target: target}
	for _, f := range files {
		j.header.generation = max(j.header.generation, f.generation)
	}
	if err := r.readSnapshot(files); err != nil {
		return Recovered{}, err
	}
	if err := r.readJournals(files); err != nil {
		return Recovered{}, err
	}
	if r.seq < r.contained {
		return Recovered{}, fmt.Errorf("`%s` contains commit %d, but its journal ends with commit %d", snapshotName(r.from), r.contained, r.seq)
	}
	j.mu.appended = r.seq
	return r.Recovered, nil
}

// recovery is one pass over the files.
type recovery struct {
	Recovered
	journal *Journal
	target  Target
	from    uint64 // generation of the snapshot that was read
	foreign bool   // whether the current file has another layout than today's
	seq     uint64 // newest commit read
	// contained is the newest commit in the snapshot, which was copied while
	// commits went on.
	contained uint64
}

// readSnapshot reads the newest snapshot; older ones are superseded.
func (r *recovery) readSnapshot(files []stateFile) error {
	for _, f := range slices.Backward(files) {
		if f.snapshot {
			r.from = f.generation
			return r.open(f.name, r.snapshot)
		}
	}
	return nil
}

// readJournals reads the journals that continue the snapshot.
func (r *recovery) readJournals(files []stateFile) error {
	if own := (stateFile{name: journalName(r.from), generation: r.from}); r.from > 0 && !slices.Contains(files, own) {
		return fmt.Errorf("`%s` is missing, without which `%s` is not the whole state", own.name, snapshotName(r.from))
	}
	for i, f := range files {
		if f.snapshot || f.generation < r.from {
			continue
		}
		err := r.open(f.name, r.journalFile)
		if errors.Is(err, errAwaitsSnapshot) {
			for _, later := range files[i:] {
				r.Discarded = append(r.Discarded, later.name)
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
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
	if f, _ := parseName(fr.name); h.generation != f.generation {
		return fr.corrupt("it is of generation %d: was it renamed?", h.generation)
	}
	if r.Writer != "" && r.Writer != h.Writer {
		return fr.corrupt("it belongs to writer %s, the files before it to %s", h.Writer, r.Writer)
	}
	r.Writer = h.Writer
	if r.foreign = !h.layout.Equal(r.journal.options.Layout); !r.foreign {
		r.LayoutSince = h.layoutSince
	}
	return nil
}

func (r *recovery) snapshot(fr *frameReader) error {
	h, err := fr.readPreamble(snapshotMagic)
	if err != nil {
		return fr.incomplete(err)
	}
	if err := r.take(h, fr); err != nil {
		return err
	}
	r.Epoch = h.Epoch
	d, rows := newDecoder(r.journal.options.Schemas), uint64(0)
	for {
		kind, payload, err := fr.next()
		if err != nil {
			return fr.incomplete(err)
		}
		switch kind {
		case frameSchema:
			err = d.schema(payload)
		case frameRows:
			err = d.rows(payload, func(row *usage.Row) error {
				rows++
				return r.restore(row)
			})
		case frameEnd:
			return r.end(fr, h, payload, rows)
		default:
			err = fmt.Errorf("frame of unknown kind %d", kind)
		}
		if err != nil {
			return fr.corrupt("%v", err)
		}
	}
}

// restore hands a series on; durations counted in another layout stay behind.
func (r *recovery) restore(row *usage.Row) error {
	if r.foreign {
		r.Relaid = true
		row.Durations, row.FirstTokens = usage.Distribution{}, usage.Distribution{}
		row.Duration, row.TimeToFirstToken = 0, 0
	}
	return r.target.Restore(row)
}

func (r *recovery) end(fr *frameReader, h header, payload []byte, rows uint64) error {
	totals, want, err := decodeTotals(payload)
	if err == nil && rows != want {
		err = fmt.Errorf("%d series where %d were written", rows, want)
	}
	if err != nil {
		return fr.corrupt("%v", err)
	}
	if _, _, err := fr.next(); !errors.Is(err, io.EOF) {
		return fr.corrupt("something follows the end of the snapshot")
	}
	r.Time, r.seq, r.contained = totals.Time, h.base, totals.Seq
	r.target.Resume(h.base, totals)
	return nil
}

// incomplete turns the end of a file that must be whole into what it is.
func (r *frameReader) incomplete(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, errTorn) {
		return r.corrupt("the file is incomplete")
	}
	return err
}

// journalFile replays one journal. Its end may be torn; whether that lost
// anything shows in the base of the next one.
func (r *recovery) journalFile(fr *frameReader) error {
	h, err := fr.readPreamble(journalMagic)
	if errors.Is(err, errTorn) {
		return r.torn(fr)
	}
	if err != nil {
		return err
	}
	r.Epoch = max(r.Epoch, h.Epoch) // of journals that are not used, too
	if h.rebase && h.generation != r.from {
		return errAwaitsSnapshot
	}
	if h.base != r.seq {
		return fr.corrupt("it continues commit %d, but the files before it end with commit %d", h.base, r.seq)
	}
	if err := r.take(h, fr); err != nil {
		return err
	}
	return r.replay(fr)
}

func (r *recovery) replay(fr *frameReader) error {
	d, c := newDecoder(r.journal.options.Schemas), usage.Commit{}
	for {
		kind, payload, err := fr.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errTorn):
			return r.torn(fr)
		case err != nil:
			return err
		}
		switch kind {
		case frameSchema:
			err = d.schema(payload)
		case frameCommit:
			if err = d.commit(payload, &c); err == nil {
				err = r.replayCommit(&c)
			}
		case frameTick:
			err = r.tick(payload)
		default:
			err = fmt.Errorf("frame of unknown kind %d", kind)
		}
		if err != nil {
			return fr.corrupt("%v", err)
		}
	}
}

func (r *recovery) replayCommit(c *usage.Commit) error {
	if r.foreign {
		r.Relaid = r.Relaid || len(c.Deltas) > 0
		for i := range c.Deltas {
			d := &c.Deltas[i]
			d.Durations, d.FirstTokens, d.Duration, d.TimeToFirstToken = nil, nil, 0, 0
		}
	}
	if err := r.target.Replay(c); err != nil {
		return err
	}
	r.seq, r.Time = c.Seq, max(r.Time, c.Time)
	return nil
}

func (r *recovery) tick(payload []byte) error {
	c := &cursor{rest: payload}
	r.Time = max(r.Time, c.varint())
	return c.err
}

func (r *recovery) torn(fr *frameReader) error {
	if fr.torn > 0 {
		r.TornBytes += fr.torn
		r.journal.torn = append(r.journal.torn, fr.name)
	}
	return nil
}
