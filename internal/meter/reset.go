package meter

import (
	"unicode/utf8"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Reset removes what was counted in a scope, and returns how many rows that were, live
// and retired. It is durable when it returns nil; with an error it has happened, and
// becomes durable with what is counted then. What is on its way to the exits stays so.
func (m *Meter) Reset(scope usage.Scope) (rows int, err error) {
	switch {
	case scope.All() && scope.Value != "":
		return 0, refuse("a reset of everything has no value: `%.100s` is one", scope.Value)
	case !validText(scope.Attribute) || !validText(scope.Value):
		return 0, refuse("the scope of a reset is longer than %d bytes or no text", usage.LongestValue)
	}
	rows = m.reset(scope)
	return rows, m.flush()
}

// reset is Reset in memory.
func (m *Meter) reset(scope usage.Scope) (rows int) {
	unlock := m.alone()
	defer unlock()
	rows, _ = m.engine.Reset(m.clock.moment(), scope)
	return rows
}

func validText(s string) bool { return len(s) <= usage.LongestValue && utf8.ValidString(s) }
