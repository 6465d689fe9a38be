package engine

import (
	"fmt"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Changes copies what was added to series since it was reported, looking at
// limit slots from one on, into rows. It returns the slot to go on with, and
// whether there are more. Nothing changes: what is copied counts as reported
// once it is given to Report.
func (e *Engine) Changes(rows []usage.Row, from uint32, limit int) (out []usage.Row, next uint32, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	end := uint32(min(uint64(from)+uint64(limit), uint64(e.table.end())))
	for slot := from; slot < end; slot++ {
		s := e.table.at(slot)
		if s == nil || !s.changed() {
			continue
		}
		if row := s.change(slot, e.options.Schemas.Get(s.key.Schema()), e.options.Layout); hasPoints(&row) {
			rows = append(rows, row)
		}
	}
	return rows, end, end < e.table.end()
}

// hasPoints says whether there is anything to export of a row. There is nothing if
// all that has changed is what is owed, or sums of times that nobody was counted to have
// taken: they go along with the next observation.
func hasPoints(row *usage.Row) bool {
	if row.Durations.Count() > 0 || row.FirstTokens.Count() > 0 {
		return true
	}
	m := row.Measures
	m.Duration, m.TimeToFirstToken = 0, 0
	return m.Any()
}

// changesPerLock bounds how long Report holds up commits.
const changesPerLock = 512

// Report notes that changes are in a window that ends at a time: all of them
// or, if one is impossible, none. It is what replay does, too.
func (e *Engine) Report(changes []usage.Row, at int64) error {
	for part := range slices.Chunk(changes, changesPerLock) {
		if err := e.checkChanges(part); err != nil {
			return fmt.Errorf("window: %w", err)
		}
	}
	for part := range slices.Chunk(changes, changesPerLock) {
		e.report(part, at)
	}
	return nil
}

func (e *Engine) report(changes []usage.Row, at int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range changes {
		e.table.at(changes[i].Slot).report(&changes[i], at, e.options.Layout)
	}
}

func (e *Engine) checkChanges(changes []usage.Row) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var k usage.KeyBuilder
	for i := range changes {
		if err := e.checkChange(&changes[i], &k); err != nil {
			return err
		}
	}
	return nil
}

// checkChange refuses what report could not add.
func (e *Engine) checkChange(change *usage.Row, k *usage.KeyBuilder) error {
	s := e.table.at(change.Slot)
	if s == nil {
		return fmt.Errorf("series %d is not defined", change.Slot)
	}
	k.Reset(change.Schema)
	for _, v := range change.Values {
		k.Value(v)
	}
	if string(s.key) != string(k.Bytes()) {
		return fmt.Errorf("series %d is another one", change.Slot)
	}
	if err := e.checkRange(&change.Durations); err != nil {
		return err
	}
	return e.checkRange(&change.FirstTokens)
}

// Window returns the window that is on its way to the exits.
func (e *Engine) Window() usage.Window {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.window.Clone()
}

// SetWindow notes how far a window has come, here and in the journal.
func (e *Engine) SetWindow(w *usage.Window) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.window = w.Clone()
	if e.options.JournalWindow != nil {
		e.options.JournalWindow(w)
	}
}

// ReplayWindow is SetWindow for what the journal has.
func (e *Engine) ReplayWindow(w *usage.Window) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.window = w.Clone()
}
