package journal

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// snapshot reads a snapshot; the first one that is whole says what others refer to.
func (v *verifier) snapshot(fr *frameReader, r *recovery) error {
	h, err := fr.readPreamble(snapshotMagic)
	if err != nil {
		return fr.incomplete(err)
	}
	if err := r.take(h, fr); err != nil {
		return err
	}
	s := snapshotReader{recovery: r, header: h, decoder: newDecoder(h.version, &usage.Schemas{})}
	if err := s.read(fr); err != nil || v.newest != "" {
		return err
	}
	v.newest, v.generation, v.keys, v.history = fr.name, h.generation, s.keys, map[uint64]usage.HistoryFile{}
	v.onWay = s.totals.Window
	for _, f := range s.history {
		v.history[f.Number] = f
	}
	return nil
}

// numbered reads the header of a file that has a number in its name.
func (r *frameReader) numbered(f stateFile) (header, error) {
	h, err := r.readPreamble(f.kind.magic())
	if err != nil {
		return h, r.incomplete(err)
	}
	if h.generation != f.number {
		return h, r.corrupt("it has number %d: was it renamed?", h.generation)
	}
	return h, nil
}

func (v *verifier) keysFile(f stateFile, fr *frameReader) error {
	if _, err := fr.numbered(f); err != nil {
		return err
	}
	found := usage.KeyFile{Number: f.number}
	for keys := []uint64(nil); ; {
		kind, payload, err := fr.next()
		if errors.Is(err, io.EOF) {
			return fr.asCorrupt(v.asListed(found))
		}
		if err != nil {
			return err
		}
		c := &cursor{rest: payload}
		minute := c.varint()
		if keys = c.keys(keys[:0]); c.err != nil || kind != frameKeys || found.Count > 0 && minute != found.Minute {
			return fr.corrupt("it does not hold the keys of a minute")
		}
		found.Minute, found.Count = minute, found.Count+len(keys)
	}
}

func (v *verifier) asListed(found usage.KeyFile) error {
	i := slices.IndexFunc(v.keys, func(f usage.KeyFile) bool { return f.Number == found.Number })
	if i >= 0 && v.keys[i] != found {
		return fmt.Errorf("it holds %d keys of minute %d, `%s` says %d of minute %d",
			found.Count, found.Minute, v.newest, v.keys[i].Count, v.keys[i].Minute)
	}
	return nil
}

func (v *verifier) window(f stateFile, fr *frameReader) error {
	h, err := fr.numbered(f)
	if err != nil {
		return err
	}
	d := newDecoder(h.version, &usage.Schemas{})
	for err == nil {
		_, err = fr.windowChunk(func(kind frameKind, payload []byte) error {
			if kind == frameSchema {
				return d.schema(payload)
			}
			_, _, err := d.changes(payload)
			return err
		})
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (v *verifier) historyFile(f stateFile, fr *frameReader, out *FileReport) error {
	r := historyReader{frameReader: fr}
	visit := func(*usage.HistoryRow) error { return nil }
	err := r.begin()
	if err == nil {
		err = r.rows(visit)
	}
	if err != nil {
		return err
	}
	if r.file.Number != f.number {
		return fr.corrupt("it has number %d: was it renamed?", r.file.Number)
	}
	out.History = &r.file
	if listed, ok := v.history[f.number]; ok && listed != r.file {
		return fr.corrupt("it is not what `%s` says", v.newest)
	}
	return nil
}

// journalFile reads a journal to its end, which may be torn.
func (v *verifier) journalFile(f stateFile, fr *frameReader) error {
	h, err := fr.readPreamble(journalMagic)
	if err == nil && h.generation != f.number {
		return fr.corrupt("it is of generation %d: was it renamed?", h.generation)
	}
	d, last := newDecoder(h.version, &usage.Schemas{}), journalEnd{Commit: usage.Commit{Seq: h.base}}
	for err == nil {
		var kind frameKind
		var payload []byte
		if kind, payload, err = fr.next(); err == nil {
			err = fr.asCorrupt(d.journalFrame(kind, payload, &last))
		}
	}
	v.follow(&h, &last)
	if errors.Is(err, io.EOF) || errors.Is(err, errTorn) {
		return nil
	}
	return err
}

// follow notes which window a journal ends with. One that awaits its snapshot promises
// nothing.
func (v *verifier) follow(h *header, last *journalEnd) {
	awaits := h.rebase && !slices.ContainsFunc(v.report.Files, func(f FileReport) bool { return f.Name == snapshotName(h.generation) })
	if last.window != nil && h.generation >= v.generation && h.generation > v.toldBy && !awaits {
		v.onWay, v.toldBy = *last.window, h.generation
	}
}

// journalEnd is what a journal was read up to.
type journalEnd struct {
	usage.Commit
	window *usage.Window // nil: it tells of none
}

// journalFrame decodes a frame of a journal and notes what it is read up to.
func (d *decoder) journalFrame(kind frameKind, payload []byte, last *journalEnd) error {
	c := &cursor{rest: payload}
	switch kind {
	case frameSchema:
		return d.schema(payload)
	case frameCommit:
		before := last.Seq
		if err := d.commit(payload, &last.Commit); err != nil {
			return err
		}
		if last.Seq != before+1 {
			return fmt.Errorf("commit %d follows commit %d", last.Seq, before)
		}
	case frameTick:
		d.moment(c)
	case frameWindowRows:
		_, _, err := d.changes(payload)
		return err
	case frameWindow:
		w := c.window()
		last.window = &w
	case frameSynced:
		c.amount()
	default:
		return fmt.Errorf("frame of unknown kind %d", kind)
	}
	return c.err
}

// discard takes what is read and forgets it.
type discard struct{}

// Forget does nothing, and so does everything below.
func (discard) Forget()                                {}
func (discard) Restore(*usage.Row) error               { return nil }
func (discard) RestoreRetired(*usage.Retired) error    { return nil }
func (discard) RestoreKeys(int64, []uint64)            {}
func (discard) LoadKeys(usage.KeyFile, []uint64) error { return nil }
func (discard) RestoreChoices([]usage.Choice)          {}
func (discard) RestoreCalls([]usage.Call)              {}
func (discard) RestoreStreams([]usage.Stream)          {}
func (discard) RestoreSessions([]usage.Session)        {}
func (discard) RestoreDetached([]usage.HourRow) error  { return nil }
func (discard) RestoreImported([]usage.Imported) error { return nil }
func (discard) Resume(uint64, usage.Totals)            {}
func (discard) Replay(*usage.Commit) error             { return nil }
func (discard) Report([]usage.Row, int64) error        { return nil }
func (discard) ReplayWindow(*usage.Window)             {}
