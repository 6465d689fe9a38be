package journal

import (
	"fmt"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func (w *snapshotWriter) writeDetached(src Source) error {
	return writeIdentified(w, frameDetached, src.Detached, func(r *usage.HourRow) *usage.Schema { return r.Schema }, appendDetached)
}

func (w *snapshotWriter) writeImported(src Source) error {
	return writeIdentified(w, frameImported, src.Imported, func(r *usage.Imported) *usage.Schema { return r.Schema }, appendImported)
}

// writeHistory writes the list of the files.
func (w *snapshotWriter) writeHistory(list []usage.HistoryFile) error {
	for i := range list {
		w.history = append(w.history, list[i].Number)
	}
	return writeList(w, frameHistoryFiles, list, appendHistoryFile)
}

// writeIdentified writes a list of what has an identity, in frames of bounded size.
func writeIdentified[T any](
	w *snapshotWriter, kind frameKind, copyPart func(dst []T, from, limit int) ([]T, bool),
	schema func(*T) *usage.Schema, appendTo func([]byte, *T) []byte,
) error {
	var part []T
	for from, more := 0, true; more; from += len(part) {
		if part, more = copyPart(part[:0], from, rowsPerCopy); len(part) == 0 {
			return nil
		}
		for i := range part {
			if err := w.schema(schema(&part[i])); err != nil {
				return err
			}
		}
		if err := writeList(w, kind, part, appendTo); err != nil {
			return err
		}
	}
	return nil
}

// historyFrame reads a frame of what history consists of beside the series.
func (s *snapshotReader) historyFrame(kind frameKind, payload []byte) error {
	switch c := newTextCursor(payload); kind {
	case frameDetached:
		list, err := all("row of an hour", c, func() usage.HourRow {
			return usage.HourRow{Hour: c.second(), HistoryRow: s.decoder.historyRow(c)}
		})
		if err != nil {
			return err
		}
		return s.target.RestoreDetached(list)
	case frameImported:
		list, err := all("imported row", c, func() usage.Imported {
			return usage.Imported{Writer: c.string(), HistoryRow: s.decoder.historyRow(c)}
		})
		if err != nil {
			return err
		}
		return s.target.RestoreImported(list)
	default:
		list, err := all("history file", c, c.historyFile)
		s.history = append(s.history, list...)
		return err
	}
}

// takeHistory puts together what the end says and the files that stood before it.
func (s *snapshotReader) takeHistory(want uint64) error {
	if uint64(len(s.history)) != want {
		return fmt.Errorf("%d history files where %d were written", len(s.history), want)
	}
	numbers := make(map[uint64]struct{}, len(s.history))
	for i := range s.history {
		numbers[s.history[i].Number] = struct{}{}
	}
	if len(numbers) < len(s.history) {
		return fmt.Errorf("%d history files with %d numbers", len(s.history), len(numbers))
	}
	s.totals.History.Files = s.history
	return nil
}

// checkHistory makes sure that the files of history are there, as far as it is seen
// without reading them. Those that are not are forgotten: what they held was counted,
// but nobody knows any more when, unless the hours of a day are there.
func (r *recovery) checkHistory(h *usage.History) error {
	r.journal.passNumbers(h)
	var lost []uint64
	for i := range h.Files {
		f := &h.Files[i]
		there, err := r.checkHistoryFile(f)
		if err != nil {
			return err
		}
		if there {
			r.history = append(r.history, f.Number)
		} else {
			lost = append(lost, f.Number)
		}
	}
	if len(lost) > 0 {
		*h = h.Without(lost)
	}
	return nil
}

// passNumbers keeps numbers from being given out again that files of a history have, or
// that a reset masks.
func (j *Journal) passNumbers(h *usage.History) {
	newest := &j.numbers[historyKind]
	for i := range h.Files {
		*newest = max(*newest, h.Files[i].Number)
	}
	for i := range h.Erased {
		*newest = max(*newest, h.Erased[i].Through)
	}
}

func (r *recovery) checkHistoryFile(f *usage.HistoryFile) (there bool, err error) {
	name := historyName(f.Number)
	if !r.hasName(name) {
		r.Damage = append(r.Damage, fmt.Errorf("`%s` is missing", name))
		return false, nil
	}
	err = r.open(name, func(fr *frameReader) error {
		fr.whole = true
		reader := historyReader{frameReader: fr}
		return reader.beginAs(f)
	})
	if err != nil {
		return false, r.damaged(stateFile{name: name}, err)
	}
	return true, nil
}
