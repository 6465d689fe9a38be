package engine

import (
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Rows copies up to limit series, beginning with slot from, into rows and
// returns the slot to go on with, and whether there may be more. The lock is
// held for one call only, so that looking at a million series never stops
// counting for long.
func (e *Engine) Rows(rows []usage.Row, from uint32, limit int) (out []usage.Row, next uint32, more bool) {
	return e.copyRows(rows, from, limit, false)
}

// hoursPerLock bounds how many rows of hours are copied while commits wait: usually
// there are three hours.
const hoursPerLock = 3 * looksPerLock

func (e *Engine) copyRows(rows []usage.Row, from uint32, limit int, hours bool) (out []usage.Row, next uint32, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for slot, inHours := from, 0; slot < e.table.end(); slot++ {
		if limit == 0 || inHours >= hoursPerLock {
			return rows, slot, true
		}
		s := e.table.at(slot)
		if s == nil {
			continue
		}
		schema := e.options.Schemas.Get(s.key.Schema())
		rows = append(rows, s.row(slot, schema, e.options.Layout))
		if hours {
			of := e.history.of(slot, schema.Kind)
			rows[len(rows)-1].Hours, inHours = of, inHours+len(of)
		}
		limit--
	}
	return rows, e.table.end(), false
}

// Totals returns what a snapshot holds beside the series.
func (e *Engine) Totals() usage.Totals {
	e.mu.Lock()
	defer e.mu.Unlock()
	return usage.Totals{
		Seq: e.seq, Moment: e.moment, Ledgers: e.books.ledgers, Window: e.window.Clone(),
		Since: e.streams.since, Forgotten: e.streams.forgotten, Slots: e.table.end(), History: e.history.state,
		Budgets: slices.Clone(e.budgets.states),
	}
}

// Retired copies up to limit retired rows from number from on, as Rows does.
func (e *Engine) Retired(rows []usage.Retired, from, limit int) (out []usage.Retired, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.retired.rows
	end := min(from+limit, len(all))
	return append(rows, all[min(from, end):end]...), end < len(all)
}

// Endings is how many series have left the table so far: whoever looks at retired rows and
// then at series misses none if it is the same before and after.
func (e *Engine) Endings() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.endings
}

// Tick returns the moment of an export that begins now. Every export is later
// than all that happened before it, at least by a millisecond, whatever the
// wall clock does.
func (e *Engine) Tick(now usage.Moment) usage.Moment {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance(now, minTick)
	return e.moment
}

// minTick is the resolution of timestamps in the backends metrics go to, in ns.
const minTick = 1e6
