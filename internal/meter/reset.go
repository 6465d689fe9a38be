package meter

import (
	"unicode/utf8"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Reset removes what was counted in a scope, and returns how many rows that were, live
// and retired or, if there are none of these, of history. If there is nothing at all,
// nothing happens. It is durable when it returns nil; with an error it has happened, and
// becomes durable with what is counted then. What is on its way to the exits stays so.
func (m *Meter) Reset(scope usage.Scope) (rows int, err error) {
	switch {
	case scope.All() && scope.Value != "":
		return 0, refuse("a reset of everything has no value: `%.100s` is one", scope.Value)
	case !validText(scope.Attribute) || !validText(scope.Value):
		return 0, refuse("the scope of a reset is longer than %d bytes or no text", usage.LongestValue)
	}
	m.forgetDropped()
	rows, err = m.View().count(&scope)
	if err == nil && rows == 0 {
		return 0, nil
	}
	// Rows that cannot be read are removed as well.
	m.reset(scope)
	return rows, m.flush()
}

// forgetDropped lets files that were dropped when persistence was disabled stay away:
// nobody knows which of their rows are in the scope of a reset.
func (m *Meter) forgetDropped() {
	m.keeping.writing.Lock()
	defer m.keeping.writing.Unlock()
	if m.store() == nil {
		m.relist = false
	}
}

// reset is Reset in memory.
func (m *Meter) reset(scope usage.Scope) {
	unlock := m.alone()
	defer unlock()
	m.engine.Reset(m.clock.moment(), scope)
}

// count is how many rows there are in a scope.
func (v *View) count(scope *usage.Scope) (rows int, err error) {
	v.Live(func(r *usage.Row) bool {
		rows += covered(scope, r.Schema, r.Values)
		return true
	})
	v.Retired(func(r *usage.Retired) bool {
		rows += covered(scope, r.Schema, r.Values)
		return true
	})
	if rows > 0 {
		return rows, nil
	}
	err = v.History(usage.Daily, 0, 0, func(_ usage.Period, r *usage.HistoryRow) error {
		rows += covered(scope, r.Schema, r.Values)
		return nil
	})
	return rows, err
}

func covered(scope *usage.Scope, schema *usage.Schema, values []string) int {
	if scope.Covers(schema, values) {
		return 1
	}
	return 0
}

func validText(s string) bool { return len(s) <= usage.LongestValue && utf8.ValidString(s) }
