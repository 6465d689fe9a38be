package usage

import "slices"

// Merger adds up rows of history by identity: of one bucket, or of several that become
// one. Of each kind there are so many identities at most; what comes then is counted
// for that of the overflow. Rows stay in the order in which their identities came first.
type Merger struct {
	schemas *Schemas
	limit   int // 0: there is none
	rows    []HistoryRow
	byKey   map[Key]int
	kinds   [Kinds]int // identities of each, without that of the overflow
	builder KeyBuilder
	// local are the schemas of rows, which may be those of a file, among schemas.
	local map[*Schema]*Schema
}

// maxMerged is up to how many schemas mergers add some: they stay for ever, files have to
// have room for them, and documents may be of anybody. Rows with other ones are counted
// for the overflow.
const maxMerged = 500

// NewMerger returns a merger whose rows have schemas out of these.
func NewMerger(schemas *Schemas, limit int) *Merger {
	return &Merger{schemas: schemas, limit: limit, byKey: map[Key]int{}, local: map[*Schema]*Schema{}}
}

// Add adds a row, of which nothing is kept.
func (m *Merger) Add(row *HistoryRow) {
	schema, values := m.schema(row.Schema), row.Values
	if schema.Overflow() {
		values = []string{"true"}
	}
	n, known := m.find(schema, values)
	if !known && m.full(schema) {
		schema = m.schemas.Intern(schema.Kind, []string{AttrOverflow})
		n, known = m.find(schema, []string{"true"})
	}
	if !known {
		n = m.put(schema)
	}
	m.rows[n].Measures.Add(&row.Measures)
}

// Rows are the sums; they belong to the merger.
func (m *Merger) Rows() []HistoryRow { return m.rows }

// Remove removes the rows that are in a scope and says how many there were.
func (m *Merger) Remove(scope *Scope) (removed int) {
	before := m.rows
	if !slices.ContainsFunc(before, func(r HistoryRow) bool { return scope.Covers(r.Schema, r.Values) }) {
		return 0
	}
	m.rows, m.byKey, m.kinds = nil, map[Key]int{}, [Kinds]int{}
	for i := range before {
		if !scope.Covers(before[i].Schema, before[i].Values) {
			m.Add(&before[i])
		}
	}
	return len(before) - len(m.rows)
}

func (m *Merger) schema(s *Schema) *Schema {
	if local := m.local[s]; local != nil {
		return local
	}
	names := s.Names
	if len(m.schemas.all()) >= maxMerged && m.schemas.find(s.Kind, names) == nil {
		names = []string{AttrOverflow}
	}
	local := m.schemas.Intern(s.Kind, names)
	m.local[s] = local
	return local
}

// find returns the place of an identity's row; its key is left in the builder.
func (m *Merger) find(schema *Schema, values []string) (n int, known bool) {
	m.builder.Set(schema, values)
	n, known = m.byKey[Key(m.builder.Bytes())]
	return n, known
}

func (m *Merger) full(schema *Schema) bool {
	return m.limit > 0 && !schema.Overflow() && m.kinds[schema.Kind] >= m.limit
}

// put adds an empty row for the identity that find has not found.
func (m *Merger) put(schema *Schema) (n int) {
	key := Key(m.builder.Bytes())
	n = len(m.rows)
	m.byKey[key] = n
	m.rows = append(m.rows, HistoryRow{Schema: schema, Values: key.AppendValues(make([]string, 0, len(schema.Names)))})
	if !schema.Overflow() {
		m.kinds[schema.Kind]++
	}
	return n
}
