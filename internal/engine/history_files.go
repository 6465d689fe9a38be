package engine

import (
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Except for CloseHours and what only looks, the methods of history exclude snapshots:
// a copy would have an hour and its file, or neither.

// CloseHours closes hours that ended long enough before a time in Unix nanoseconds, and
// returns all that are closed and in no file yet, oldest first.
func (e *Engine) CloseHours(wall int64) (closed []usage.Period) {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := &e.history
	until, _ := h.calendar.Hour(wall/int64(time.Second) - lateness)
	h.state.ClosedUntil = max(h.state.ClosedUntil, until)
	h.hours = slices.DeleteFunc(h.hours, (*hour).empty)
	for _, o := range h.hours {
		if h.closed(o) {
			closed = append(closed, o.Period)
		}
	}
	return closed
}

// closed says whether nothing is added to an hour any more.
func (h *history) closed(o *hour) bool { return o.End <= h.state.ClosedUntil }

// OpenHours returns all hours that are in no file, closed or not, oldest first.
func (e *Engine) OpenHours() []usage.Period {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := make([]usage.Period, len(e.history.hours))
	for i, o := range e.history.hours {
		list[i] = o.Period
	}
	return list
}

// History returns what there is of it beside rows. Its lists never change.
func (e *Engine) History() usage.History {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.history.state
}

// FileHour notes that a closed hour is in a file: it leaves memory.
func (e *Engine) FileHour(f usage.HistoryFile) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.history.remove(f.Start)
	e.history.replace(nil, []usage.HistoryFile{f})
}

// ReplaceFiles notes that some files have what others had: all hours of a day, or what
// resets have left of one.
func (e *Engine) ReplaceFiles(remove []uint64, add []usage.HistoryFile) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.history.replace(remove, add)
}

// DropFiles forgets files: what only they had is in no bucket any more.
func (e *Engine) DropFiles(numbers []uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.history.state = e.history.state.Without(numbers)
	e.history.forgetErased()
}

// DropHours forgets hours in memory that end before a time, a Unix second.
func (e *Engine) DropHours(before int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := &e.history
	h.hours = slices.DeleteFunc(h.hours, func(o *hour) bool {
		if o.End > before {
			return false
		}
		addSums(&h.state.Gone, &o.sums)
		return true
	})
}

func addSums(to, more *[usage.Kinds]usage.Measures) {
	for kind := range to {
		to[kind].Add(&more[kind])
	}
}

func (h *history) replace(remove []uint64, add []usage.HistoryFile) {
	h.state.Files = h.state.Replaced(remove, add)
	h.forgetErased()
}

// resume takes over what was stored beside the rows.
func (h *history) resume(state usage.History) {
	h.state = state
	h.present = usage.Period{}
	h.state.SortFiles()
	h.forgetErased()
}

// settleHistory finds out what had been counted before there was any history: no hour was
// closed yet.
func (e *Engine) settleHistory() {
	h := &e.history
	if h.state.ClosedUntil != 0 {
		return
	}
	h.state.Gone = e.totals()
	for _, o := range h.hours {
		subtractSums(&h.state.Gone, &o.sums)
	}
	filed := h.state.Sums()
	subtractSums(&h.state.Gone, &filed)
}

// totals are what all series have counted, live or retired, by kind.
func (e *Engine) totals() (sums [usage.Kinds]usage.Measures) {
	for slot := range e.table.end() {
		if s := e.table.at(slot); s != nil {
			m := withoutOwed(s.measures())
			sums[e.kindOf(s)].Add(&m)
		}
	}
	for i := range e.retired.rows {
		m := withoutOwed(e.retired.rows[i].Measures)
		sums[e.retired.rows[i].Schema.Kind].Add(&m)
	}
	return sums
}

func subtractSums(from, less *[usage.Kinds]usage.Measures) {
	for kind := range from {
		from[kind].Subtract(&less[kind])
	}
}
