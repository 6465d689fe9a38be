package meter

import (
	"errors"
	"fmt"
	"io"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// cut puts what has changed since the last window into a new one, unless there
// is one on its way. Exits that export at about the same moment share a window:
// only the last export of an exit cuts one soon after another.
func (o *outbox) cut(last bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := o.meter.engine.Window()
	if w.Open() || !last && o.meter.clock.moment().Age < o.nextCut {
		return nil
	}
	k := &o.meter.keeping
	k.writing.Lock()
	defer k.writing.Unlock()
	if s := o.meter.store(); s != nil {
		return o.cutToDisk(s)
	}
	return o.cutToMemory(w.Number + 1)
}

// begin takes the time of a window.
func (o *outbox) begin() *changes {
	at := o.meter.tick()
	o.counted = o.meter.engine.Stats().Ledgers.Counted()
	o.nextCut = at.Age + int64(o.meter.options.ExportInterval/2)
	return o.meter.changes(at.Wall)
}

// cutToDisk cuts a window in two steps. First its file: if that fails, nothing
// has happened, and if the process dies, the file is removed as superfluous.
// Then the journal says what the window contains. No snapshot can be in between:
// it would contain half of a window.
func (o *outbox) cutToDisk(s *store) error {
	if s.closed.Load() {
		return ErrNotOpen
	}
	if err := s.flush(); err != nil {
		return fmt.Errorf("not exported before it is stored: %w", err)
	}
	c := o.begin()
	rows := c.next()
	if len(rows) == 0 {
		return nil
	}
	number, err := s.journal.WriteWindow(func(put func([]usage.Row, []byte) error) error {
		for ; len(rows) > 0; rows = c.next() {
			data, err := c.encode(rows)
			if err == nil {
				err = put(rows, data)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		// The journal may have failed with it: whoever mends has to know.
		s.failed(err)
		return err
	}
	return o.commit(s, usage.Window{Number: number, At: c.at})
}

// commit makes a window count whose file is there; it is durable before it is
// sent (see due). What its file says is what it contains: meanwhile more was
// counted. Should the file not be readable to its end, the window is what could
// be read, and the rest goes into the next.
func (o *outbox) commit(s *store, w usage.Window) error {
	err := s.readChanges(w.Number, func(rows []usage.Row) error {
		if err := o.meter.engine.Report(rows, w.At); err != nil {
			return err
		}
		w.Chunks++
		s.journal.AppendChanges(w.Number, rows)
		return s.relieve()
	})
	if !w.Open() {
		return errors.Join(err, s.journal.RemoveWindow(w.Number))
	}
	o.meter.engine.SetWindow(&w)
	return err
}

// readChanges calls report with the changes of each chunk of a window.
func (s *store) readChanges(window uint64, report func([]usage.Row) error) error {
	r, err := s.journal.OpenWindow(window)
	if err != nil {
		return err
	}
	for {
		rows, err := r.Changes()
		if err == nil {
			err = report(rows)
		}
		if errors.Is(err, io.EOF) {
			return r.Close()
		}
		if err != nil {
			return errors.Join(err, r.Close())
		}
	}
}

// relieve writes what has gathered in memory, if it is much.
func (s *store) relieve() error {
	if s.journal.Pending() < maxPending {
		return nil
	}
	return s.journal.WriteAll()
}

// removeWindow removes the file of a window that is done. Should that fail, the
// next snapshot does it. keeping.writing is held.
func (s *store) removeWindow(number uint64) {
	if err := s.journal.RemoveWindow(number); err != nil {
		s.log.Debug("A delta window that every exit has taken is still there", zap.Error(err))
	}
}

// cutToMemory keeps the window for as long as the process lives.
func (o *outbox) cutToMemory(number uint64) error {
	c := o.begin()
	var err error
	for rows := c.next(); len(rows) > 0 && err == nil; rows = c.next() {
		var data []byte
		if data, err = c.encode(rows); err != nil {
			break
		}
		if err = o.meter.engine.Report(rows, c.at); err == nil {
			o.chunks = append(o.chunks, data)
		}
	}
	if len(o.chunks) > 0 {
		o.meter.engine.SetWindow(&usage.Window{Number: number, At: c.at, Chunks: len(o.chunks)})
	}
	return err
}
