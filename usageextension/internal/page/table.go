package page

import (
	"cmp"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

const (
	// maxRows bounds tables: what they leave out is a question for the management API.
	maxRows = 50
	// maxTop bounds lists of who is ahead.
	maxTop = 5
)

// table is one with names on the left and numbers on the right.
type table struct {
	ID, Caption string
	// Names and Numbers are the heads of the columns.
	Names   []string
	Numbers []head
	Rows    []namedRow
	// Total is of all rows, also of those that are left out.
	Total []number
	// More is how many rows are left out.
	More int
}

type head struct{ Text, Hint string }

type namedRow struct {
	Names   []string
	Numbers []number
}

// column is a number of every row.
type column struct {
	head
	of func(*query.Row) number
}

// newTable makes a table of the best rows of an answer, and of its total if there is one.
func newTable(id, caption string, names []string, columns []column, rows []*query.Row, total *query.Row) table {
	t := table{ID: id, Caption: caption, Names: names, More: max(0, len(rows)-maxRows)}
	for _, c := range columns {
		t.Numbers = append(t.Numbers, c.head)
		if total != nil {
			t.Total = append(t.Total, c.of(total))
		}
	}
	for _, r := range rows[:len(rows)-t.More] {
		row := namedRow{Names: namesOf(r)}
		for _, c := range columns {
			row.Numbers = append(row.Numbers, c.of(r))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// namesOf are the values of a row's attributes.
func namesOf(r *query.Row) []string {
	names := make([]string, len(r.Attributes))
	for i, a := range r.Attributes {
		if names[i] = a.Value; a.Value == "" {
			names[i] = query.None
		}
	}
	return names
}

// nameOf is all of them in one, as far as there are any. Protocols tell nobody apart.
func nameOf(r *query.Row) string {
	var names []string
	for _, a := range r.Attributes {
		if a.Value != "" && (a.Name != usage.AttrProtocol || len(r.Attributes) == 1) {
			names = append(names, a.Value)
		}
	}
	return cmp.Or(strings.Join(names, " · "), query.None)
}

// measure is something that rows are ordered by.
type measure func(*query.Row) query.Number

// named is a measure of query, under the name that it has there.
func named(list []query.Measure, name string) measure {
	i := slices.IndexFunc(list, func(m query.Measure) bool { return m.Name == name })
	return list[i].Of
}

// ordered are the rows that have anything of a measure, largest first; equal ones stay
// in the order in which they are.
func ordered(rows []query.Row, of measure) []*query.Row {
	var list []*query.Row
	for i := range rows {
		if n := of(&rows[i]); n.Whole > 0 || n.Parts > 0 {
			list = append(list, &rows[i])
		}
	}
	slices.SortStableFunc(list, func(a, b *query.Row) int {
		x, y := of(a), of(b)
		return cmp.Or(cmp.Compare(y.Whole, x.Whole), cmp.Compare(y.Parts, x.Parts))
	})
	return list
}

// newTop lists those who are ahead.
func newTop(label string, rows []query.Row, of measure, text func(query.Number) number) top {
	t := top{Label: label}
	list := ordered(rows, of)
	for _, r := range list[:min(len(list), maxTop)] {
		n := of(r)
		t.Entries = append(t.Entries, entry{nameOf(r), text(n), bar{int(n.Float() / of(list[0]).Float() * planeHeight), "fill"}})
	}
	return t
}
