package usage

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// When there are no more numbers, none is given out twice: what has other names is of the
// overflow.
func TestSchemasAreBounded(t *testing.T) {
	var s Schemas
	known := s.Intern(Endpoint, append(BaseNames(Endpoint), "known"))
	full := make([]*Schema, maxSchemas-Kinds)
	copy(full, s.all())
	for i := len(s.all()); i < len(full); i++ {
		full[i] = known
	}
	s.list.Store(&full)
	for kind := range Kind(Kinds) {
		for n := range 3 {
			got := s.Intern(kind, append(BaseNames(kind), fmt.Sprint(n)))
			assert.True(t, got.Overflow())
			assert.Equal(t, kind, got.Kind)
			assert.Same(t, got, s.Get(got.ID))
		}
	}
	assert.Len(t, s.all(), maxSchemas)
	assert.Same(t, known, s.Intern(Endpoint, known.Names))
}

// Documents of anybody cannot fill a process with schemas: rows with yet other names are
// counted for the overflow of their kind.
func TestMergerBoundsSchemas(t *testing.T) {
	var mine, other Schemas
	m := NewMerger(&mine, 0)
	total := maxMerged + 100
	for n := range total {
		s := other.Intern(Endpoint, append(BaseNames(Endpoint), fmt.Sprint(n)))
		m.Add(&HistoryRow{Schema: s, Values: []string{"s", "http", "a", "b"}, Measures: Measures{RequestBytes: 1}})
	}
	assert.LessOrEqual(t, len(mine.all()), maxMerged+pair)
	rows := m.Rows()
	last := rows[len(rows)-1]
	assert.True(t, last.Schema.Overflow())
	assert.Equal(t, []string{"true"}, last.Values)
	assert.Equal(t, int64(total), last.RequestBytes+int64(len(rows)-1))
	for _, r := range rows {
		assert.Len(t, r.Values, len(r.Schema.Names))
	}
}
