package usage

import "slices"

// Scope is what a reset removes: everything, or what has a value in its identity.
type Scope struct {
	// Attribute is the name of a dimension; empty: everything.
	Attribute string
	Value     string
}

// All says whether the scope is everything.
func (s *Scope) All() bool { return s.Attribute == "" }

// Covers says whether an identity is in the scope.
func (s *Scope) Covers(schema *Schema, values []string) bool {
	if s.All() {
		return true
	}
	n := slices.Index(schema.Names, s.Attribute)
	return n >= 0 && n < len(values) && values[n] == s.Value
}

// Erased is a reset as far as files are concerned, which are never changed: rows of
// its scope do not count in those with a number up to Through.
type Erased struct {
	Scope
	Through uint64
}

// Imported is the most that another writer was known to have counted in one series,
// or a document without a writer, which is known by its content.
type Imported struct {
	Writer string
	HistoryRow
}
