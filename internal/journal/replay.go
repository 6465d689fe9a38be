package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// snapshot reads a snapshot, which has to be whole.
func (r *recovery) snapshot(fr *frameReader) error {
	h, err := fr.readPreamble(snapshotMagic)
	if err != nil {
		return fr.incomplete(err)
	}
	if err := r.take(h, fr); err != nil {
		return err
	}
	r.Epoch = max(r.Epoch, h.Epoch)
	s := snapshotReader{recovery: r, header: h, decoder: newDecoder(h.version, r.journal.options.Schemas)}
	if err := s.read(fr); err != nil {
		return err
	}
	return s.resume()
}

// snapshotReader is the reading of one snapshot.
type snapshotReader struct {
	*recovery
	header  header
	decoder decoder
	rows    uint64
	keys    []usage.KeyFile
	history []usage.HistoryFile
	totals  usage.Totals
	ended   bool
}

func (s *snapshotReader) read(fr *frameReader) error {
	for !s.ended {
		kind, payload, err := fr.next()
		if err != nil {
			return fr.incomplete(err)
		}
		if err := s.frame(kind, payload); err != nil {
			return fr.corrupt("%v", err)
		}
	}
	switch _, _, err := fr.next(); {
	case err == nil || errors.Is(err, errTorn):
		return fr.corrupt("something follows the end of the snapshot")
	case !errors.Is(err, io.EOF):
		return err // it could not be read, which says nothing of what it holds
	}
	return nil
}

// resume goes on from a snapshot that is whole, with the files that it refers to.
func (s *snapshotReader) resume() error {
	t := &s.totals
	if err := s.checkHistory(&t.History); err != nil {
		return err
	}
	s.Moment, s.seq, s.contained, s.window = t.Moment, s.header.base, t.Seq, t.Window
	s.target.Resume(s.header.base, *t)
	return s.loadKeys(s.keys)
}

func (s *snapshotReader) frame(kind frameKind, payload []byte) error {
	switch kind {
	case frameSchema:
		return s.decoder.schema(payload)
	case frameRows:
		return s.decoder.rows(payload, func(row *usage.Row) error {
			s.rows++
			return s.restore(row)
		})
	case frameRetired:
		return s.decoder.retired(payload, s.target.RestoreRetired)
	case frameKeys:
		c := &cursor{rest: payload}
		minute, keys := c.varint(), c.keys(nil)
		if c.err == nil {
			s.target.RestoreKeys(minute, keys)
		}
		return c.err
	case frameKeyFile:
		c := &cursor{rest: payload}
		f := usage.KeyFile{Number: c.uvarint(), Minute: c.varint(), Count: int(c.amount())}
		s.keys = append(s.keys, f)
		return c.err
	case frameChoices, frameCalls, frameStreams:
		return s.once(kind, payload)
	case frameSessions:
		return s.sessions(payload)
	case frameDetached, frameImported, frameHistoryFiles:
		return s.historyFrame(kind, payload)
	case frameEnd:
		s.ended = true
		return s.end(payload)
	default:
		return fmt.Errorf("frame of unknown kind %d", kind)
	}
}

// restore hands a series on; durations counted in another layout stay behind. Their
// sums are retired, because history has them too.
func (r *recovery) restore(row *usage.Row) error {
	if !r.foreign {
		return r.target.Restore(row)
	}
	r.Relaid = true
	left := usage.Retired{Schema: row.Schema.Bare, Values: row.Values[:row.Schema.Base]}
	left.Duration, left.TimeToFirstToken = row.Duration, row.TimeToFirstToken
	leaveDurations(row)
	if err := r.target.Restore(row); err != nil || !left.Any() {
		return err
	}
	return r.target.RestoreRetired(&left)
}

func leaveDurations(row *usage.Row) {
	row.Durations, row.FirstTokens = usage.Distribution{}, usage.Distribution{}
	row.Duration, row.TimeToFirstToken = 0, 0
	if r := row.Reported; r != nil {
		r.Durations, r.FirstTokens = usage.Distribution{}, usage.Distribution{}
		r.Duration, r.TimeToFirstToken = 0, 0
		r.Until[usage.FieldDuration], r.Until[usage.FieldTimeToFirstToken] = 0, 0
	}
}

func (s *snapshotReader) end(payload []byte) error {
	totals, want, err := s.decoder.totals(payload)
	if err == nil && s.rows != want.rows {
		err = fmt.Errorf("%d series where %d were written", s.rows, want.rows)
	}
	if err != nil {
		return err
	}
	s.totals = totals
	return s.takeHistory(want.history)
}

// loadKeys reads the files with dedup keys that a snapshot refers to. Without
// one of them the counts are as right as with it.
func (r *recovery) loadKeys(files []usage.KeyFile) error {
	for _, f := range files {
		name := keysName(f.Number)
		if !r.hasName(name) {
			r.Damage = append(r.Damage, fmt.Errorf("`%s` is missing", name))
			continue
		}
		err := r.readKeys(f)
		if err == nil {
			r.keys = append(r.keys, f.Number)
			continue
		}
		if err := r.damaged(stateFile{name: name}, err); err != nil {
			return err
		}
	}
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
		return r.tornAt(fr)
	}
	if err != nil {
		return err
	}
	r.Epoch = max(r.Epoch, h.Epoch) // of journals that are not used, too
	if h.rebase && h.base != r.seq && !r.has(snapshotKind, h.generation) {
		return errAwaitsSnapshot
	}
	if h.base != r.seq {
		return fr.corrupt("it continues commit %d, but the files before it end with commit %d", h.base, r.seq)
	}
	if err := r.take(h, fr); err != nil {
		return err
	}
	r.resuming = h.rebase && !r.has(snapshotKind, h.generation)
	return r.replay(fr, h.version)
}

func (r *recovery) replay(fr *frameReader, version uint32) error {
	d, c, held := newDecoder(version, r.journal.options.Schemas), usage.Commit{}, heldChanges(nil)
	for {
		kind, payload, err := fr.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errTorn):
			return r.tornAt(fr)
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
			err = r.tick(&d, payload)
		case frameWindowRows:
			held = append(held, bytes.Clone(payload))
		case frameWindow:
			err = r.replayWindow(&d, payload, held)
			held = nil
		case frameSynced:
		default:
			err = fmt.Errorf("frame of unknown kind %d", kind)
		}
		if errors.Is(err, errAwaitsSnapshot) {
			return err
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
			d.DurationSpread, d.FirstTokenSpread = nil, nil
		}
		leaveSpreads(c.Streams)
	}
	if err := r.target.Replay(c); err != nil {
		return err
	}
	r.seq = c.Seq
	r.reach(c.Moment)
	return nil
}

func (r *recovery) tick(d *decoder, payload []byte) error {
	c := &cursor{rest: payload}
	r.reach(d.moment(c))
	return c.err
}

func (r *recovery) reach(m usage.Moment) {
	r.Moment.Wall, r.Moment.Age = max(r.Moment.Wall, m.Wall), max(r.Moment.Age, m.Age)
}

func (r *recovery) tornAt(fr *frameReader) error {
	if fr.torn > 0 {
		r.TornBytes += fr.torn
		r.journal.torn = append(r.journal.torn, fr.name)
	}
	return nil
}
