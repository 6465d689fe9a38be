package query

import (
	"encoding/binary"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// groups adds up rows by their attributes. Of a row nothing is kept.
type groups struct {
	kind  usage.Kind
	match map[string]string
	by    []string
	// identity says that rows are told apart by all they have.
	identity bool
	// history says that what is added is part of it.
	history bool

	table groupTable
	key   []byte // that was written last

	columns map[*usage.Schema]*columns
	layouts [][]string // names of the values that keys consist of, by the number they begin with
	last    *usage.Schema
	known   *columns // of last
}

// columns says where a schema has what is asked for.
type columns struct {
	picked bool
	match  []column
	take   []int // -1: it has no such attribute
	layout int
}

type column struct {
	at    int
	value string
}

func newGroups(r *Request) *groups {
	return &groups{
		kind: r.Kind, match: r.Match, by: r.GroupBy, identity: len(r.GroupBy) == 0,
		table: newGroupTable(), columns: map[*usage.Schema]*columns{},
	}
}

// add adds what an identity has counted to its group, and returns that; nil if it is not
// asked for.
func (g *groups) add(schema *usage.Schema, values []string, m *usage.Measures) *group {
	c := g.columnsOf(schema)
	if !g.find(c, values) {
		return nil
	}
	one, found := g.table.lookUp(g.key)
	if found {
		one.Measures.Add(m)
		return one
	}
	one.Measures, one.layout = *m, int32(c.layout)
	return one
}

// find writes the key of an identity, unless it is not asked for.
func (g *groups) find(c *columns, values []string) bool {
	if !c.picks(values) {
		return false
	}
	g.key = binary.AppendUvarint(g.key[:0], uint64(c.layout))
	for _, at := range c.take {
		value := ""
		if at >= 0 {
			value = values[at]
		}
		g.key = binary.AppendUvarint(g.key, uint64(len(value)))
		g.key = append(g.key, value...)
	}
	return true
}

// picks says whether an identity is asked for.
func (c *columns) picks(values []string) bool {
	if !c.picked {
		return false
	}
	for _, m := range c.match {
		if values[m.at] != m.value {
			return false
		}
	}
	return true
}

func (g *groups) columnsOf(schema *usage.Schema) *columns {
	if schema == g.last {
		return g.known
	}
	c, ok := g.columns[schema]
	if !ok {
		c = g.resolve(schema)
		g.columns[schema] = c
	}
	g.last, g.known = schema, c
	return c
}

func (g *groups) resolve(schema *usage.Schema) *columns {
	c := &columns{picked: schema.Kind == g.kind}
	for name, value := range g.match {
		at := slices.Index(schema.Names, name)
		c.picked = c.picked && at >= 0
		c.match = append(c.match, column{at, value})
	}
	names := g.by
	if g.identity {
		names = schema.Names
	}
	for _, name := range names {
		c.take = append(c.take, slices.Index(schema.Names, name))
	}
	c.layout = g.layout(names)
	return c
}

// layout numbers the names of identities: files have schemas of their own, which are
// not the same as those of live series.
func (g *groups) layout(names []string) int {
	for n, known := range g.layouts {
		if slices.Equal(known, names) {
			return n
		}
	}
	g.layouts = append(g.layouts, names)
	return len(g.layouts) - 1
}

// next takes the first value off the values of a key.
func next(values []byte) (value, rest []byte) {
	n, size := binary.Uvarint(values)
	end := size + int(n)
	return values[size:end], values[end:]
}

// values are those of a group's key, behind the number of its layout.
func (g *groups) values(one *group) []byte {
	key := g.table.keyOf(one)
	_, size := binary.Uvarint(key)
	return key[size:]
}

// row is what a group has counted.
func (g *groups) row(one *group) Row {
	return Row{Measures: one.Measures, FirstTokens: one.firstTokens, LastSeen: one.lastSeen, History: g.history}
}

// named is a group's row with its attributes.
func (g *groups) named(one *group) Row {
	row, rest := g.row(one), g.values(one)
	names := g.layouts[one.layout]
	row.Attributes = make([]Attribute, 0, len(names))
	for _, name := range names {
		var value []byte
		value, rest = next(rest)
		row.Attributes = append(row.Attributes, Attribute{name, string(value)})
	}
	return row
}
