package meter

import (
	"errors"
	"fmt"
	"slices"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Save writes a snapshot of everything.
func (m *Meter) Save() error {
	m.keeping.writing.Lock()
	defer m.keeping.writing.Unlock()
	s := m.store()
	if s == nil {
		return ErrNotKept
	}
	err := m.saveHistory()
	// Without a snapshot everything may be safe all the same, in the journal.
	if flushed := s.flush(); err == nil && flushed == nil {
		s.health.recovered()
		return nil
	} else if err == nil {
		err = flushed
	}
	s.record.failed(err)
	return fmt.Errorf("save usage: %w", err)
}

// Merged is what became of rows that were merged into what was counted.
type Merged struct{ Added, Skipped int }

// Load reads what is stored and merges it into what was counted, which changes nothing:
// it is the same. It says whether what is stored can be read. State that is damaged is an
// error and is left as it is.
func (m *Meter) Load() (Merged, error) {
	m.keeping.writing.Lock()
	defer m.keeping.writing.Unlock()
	s := m.store()
	if s == nil {
		return Merged{}, ErrNotKept
	}
	if err := s.flush(); err != nil {
		return Merged{}, fmt.Errorf("load usage: %w", err)
	}
	merged, err := m.load(s)
	if err != nil {
		s.record.failed(err)
		return Merged{}, fmt.Errorf("load usage: %w", err)
	}
	s.record.read()
	return merged, nil
}

// load recovers what is stored into an engine of its own.
func (m *Meter) load(s *store) (Merged, error) {
	fsys := journal.ReadOnly(s.fs)
	layout, err := journal.StoredLayout(fsys)
	if err != nil {
		return Merged{}, err
	}
	if layout == nil {
		return Merged{}, ErrNoState
	}
	stored, err := newStored(fsys, layout)
	if err != nil {
		return Merged{}, err
	}
	if err := errors.Join(stored.found.Damage...); err != nil {
		return Merged{}, err
	}
	return stored.compare(m.engine)
}

// compare goes through what was recovered next to what is counted. Nothing ends
// meanwhile, and what is counted only grows: no series may be behind.
func (s *stored) compare(live *engine.Engine) (merged Merged, err error) {
	var rows, now []usage.Row
	for from, more := uint32(0), true; more; {
		rows, from, more = s.engine.Rows(rows[:0], from, rowsPerLook)
		if len(rows) == 0 {
			break
		}
		now, _, _ = live.Rows(now[:0], rows[0].Slot, int(rows[len(rows)-1].Slot-rows[0].Slot)+1)
		for i := range rows {
			n := slices.IndexFunc(now, func(r usage.Row) bool { return r.Slot == rows[i].Slot })
			if n < 0 || now[n].Start != rows[i].Start || ahead(&rows[i].Measures, &now[n].Measures) {
				return Merged{}, fmt.Errorf("what is stored of series %q is not what is counted", rows[i].Values)
			}
			now = now[n:]
		}
		merged.Skipped += len(rows)
	}
	merged.Skipped += countRetired(s.engine)
	return merged, nil
}

// ahead says whether something is larger than what came of it later.
func ahead(earlier, later *usage.Measures) bool {
	more := *earlier
	more.Subtract(later)
	more.InputOwed, more.OutputOwed = 0, 0 // what is owed is paid
	return more.Any()
}

func countRetired(e *engine.Engine) (n int) {
	var rows []usage.Retired
	for more := true; more; n += len(rows) {
		rows, more = e.Retired(rows[:0], n, rowsPerLook)
	}
	return n
}
