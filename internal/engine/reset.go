package engine

import (
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Reset removes what was counted in a scope, in one commit: live series, retired rows and
// history. It returns how many rows there were, live and retired, and the sequence number
// to make durable. It takes as long as looking at all series, and snapshots are excluded.
//
// What decides whether something counts stays: dedup keys, calls, streams and choices.
// So do budgets, and what was imported at most: importing the same again does not bring
// back what was reset.
func (e *Engine) Reset(now usage.Moment, scope usage.Scope) (rows int, seq uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.beginEnds(now)
	e.commit.Reset = &scope
	rows = e.erase(&scope)
	e.conclude()
	return rows, e.commit.Seq
}

// erase is what a reset does; replay does it, too.
func (e *Engine) erase(scope *usage.Scope) (rows int) {
	blurred := e.blurs(scope)
	e.eraseSessions(scope)
	rows = e.eraseSeries(scope) + e.eraseRetired(scope)
	for _, h := range e.history.hours {
		h.eraseDetached(scope)
	}
	e.history.erase(scope, blurred)
	if e.wheel.turns() {
		e.beginWheel() // each live series is in it once
	}
	return rows
}

// blurs says whether history may lose something else by a reset than series do: what has
// gone or is part of an overflow has no identity any more, and what has ended only its
// base identity, which in history has dimensions.
func (e *Engine) blurs(scope *usage.Scope) bool {
	h := &e.history
	if scope.All() {
		return false
	}
	return h.state.Gone != [usage.Kinds]usage.Measures{} || len(e.retired.rows) > 0 && !isBase(scope.Attribute) || e.overflows()
}

// isBase says whether an attribute is part of the base identity of any kind. No
// configuration has a dimension of such a name.
func isBase(attribute string) bool {
	for kind := range usage.Kinds {
		if slices.Contains(usage.BaseNames(usage.Kind(kind)), attribute) {
			return true
		}
	}
	return false
}

// overflows says whether there may be anything that is counted for an overflow.
func (e *Engine) overflows() bool {
	for kind := range usage.Kinds {
		if _, ok := e.findOverflow(usage.Kind(kind)); ok {
			return true
		}
	}
	h := &e.history
	return slices.ContainsFunc(e.retired.rows, func(r usage.Retired) bool { return r.Schema.Overflow() }) ||
		slices.ContainsFunc(h.hours, func(o *hour) bool {
			return slices.ContainsFunc(o.detached.Rows(), func(r usage.HistoryRow) bool { return r.Schema.Overflow() })
		}) ||
		slices.ContainsFunc(h.state.Files, func(f usage.HistoryFile) bool { return f.Folded })
}

// eraseSessions forgets sessions whose owner's series is removed.
func (e *Engine) eraseSessions(scope *usage.Scope) {
	for place := e.sessions.oldest; place != nobody; {
		next := e.sessions.list[place].newer
		if s := e.owner(place); s != nil && scope.Covers(e.options.Schemas.Get(s.key.Schema()), s.key.AppendValues(nil)) {
			e.sessions.remove(place)
		}
		place = next
	}
}

func (e *Engine) eraseSeries(scope *usage.Scope) (removed int) {
	var values []string
	for slot := range e.table.end() {
		s := e.table.at(slot)
		if s == nil {
			continue
		}
		schema := e.options.Schemas.Get(s.key.Schema())
		if values = s.key.AppendValues(values[:0]); scope.Covers(schema, values) {
			e.history.forget(slot, schema.Kind)
			e.remove(slot, schema, values)
			removed++
		}
	}
	return removed
}

func (e *Engine) eraseRetired(scope *usage.Scope) (removed int) {
	before := e.retired.rows
	kept := newRetired()
	for i := range before {
		row := &before[i]
		if !scope.Covers(row.Schema, row.Values) {
			kept.find(row)
			kept.put(*row)
			continue
		}
		removed++
		e.claim(row.Schema, row.Values, -1)
	}
	e.retired = kept
	return removed
}

// erase makes history forget a scope beside the rows in memory.
func (h *history) erase(scope *usage.Scope, blurred bool) {
	if scope.All() {
		h.state.Files, h.state.Erased = nil, nil
		h.state.Gone, h.state.Inexact = [usage.Kinds]usage.Measures{}, false
		return
	}
	h.state.Inexact = h.state.Inexact || blurred
	through := uint64(0)
	for i := range h.state.Files {
		through = max(through, h.state.Files[i].Number)
	}
	erased := []usage.Erased{{Scope: *scope, Through: through}}
	for _, before := range h.state.Erased {
		if before.Scope != *scope {
			erased = append(erased, before)
		}
	}
	h.state.Erased = erased
	h.forgetErased()
}
