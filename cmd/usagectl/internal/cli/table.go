package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// measured is something that has measures: a row of an answer, from wherever it came.
type measured func(name string) query.Number

// line is one of a table.
type line struct {
	bucket     string // when it begins; empty: this is no timeline
	attributes []query.Attribute
	measured   measured
}

// table is an answer, or a timeline, to be laid out for people.
type table struct {
	kind usage.Kind
	// names are the attributes that have a column.
	names []string
	lines []line
	total measured
	// groups is how many there are, of which lines may be the first.
	groups   int
	timeline bool
}

func (t *table) add(l line) {
	t.lines = append(t.lines, l)
	for _, a := range l.attributes {
		if !slices.Contains(t.names, a.Name) {
			t.names = append(t.names, a.Name)
		}
	}
}

// layout says what stands where.
func (t *table) layout() *show.Table {
	columns := slices.DeleteFunc(columnsOf(t.kind), func(c column) bool { return !c.needed && !t.says(&c) })
	laid := &show.Table{}
	if t.timeline {
		laid.Columns = append(laid.Columns, show.Column{Title: "FROM", Fixed: true})
	}
	for _, name := range t.names {
		laid.Columns = append(laid.Columns, show.Column{Title: strings.ToUpper(shortName(name))})
	}
	if len(laid.Columns) == 0 {
		laid.Columns = append(laid.Columns, show.Column{})
	}
	texts := len(laid.Columns)
	for _, c := range columns {
		laid.Columns = append(laid.Columns, show.Column{Title: c.title, Number: true, Fixed: true})
	}
	for i := range t.lines {
		laid.Rows = append(laid.Rows, cells(t.texts(&t.lines[i], texts), columns, t.lines[i].measured))
	}
	total := make([]string, texts)
	total[0] = "TOTAL"
	laid.Total = cells(total, columns, t.total)
	return laid
}

// says whether any line has something for a column.
func (t *table) says(c *column) bool {
	return !empty(c.of(t.total)) || slices.ContainsFunc(t.lines, func(l line) bool { return !empty(c.of(l.measured)) })
}

// note says what the table does not show; nothing if it shows all.
func (t *table) note() string {
	if t.timeline || t.groups <= len(t.lines) {
		return ""
	}
	return fmt.Sprintf("%d of %d groups; the total is of all.\n", len(t.lines), t.groups)
}

// texts are the first columns of a line.
func (t *table) texts(l *line, count int) []string {
	texts := make([]string, 0, count)
	if t.timeline {
		texts = append(texts, l.bucket)
	}
	for _, name := range t.names {
		i := slices.IndexFunc(l.attributes, func(a query.Attribute) bool { return a.Name == name })
		if i < 0 || l.attributes[i].Value == "" {
			texts = append(texts, query.None)
		} else {
			texts = append(texts, l.attributes[i].Value)
		}
	}
	return append(texts, make([]string, count-len(texts))...)
}

func cells(texts []string, columns []column, m measured) []string {
	for i := range columns {
		texts = append(texts, columns[i].text(columns[i].of(m)))
	}
	return texts
}

// of are the numbers that the column is made of.
func (c *column) of(m measured) []query.Number {
	numbers := make([]query.Number, 0, len(c.measures))
	for _, name := range c.measures {
		numbers = append(numbers, m(name))
	}
	return numbers
}

// shortName is how an attribute may be written in a request.
func shortName(name string) string { return strings.TrimPrefix(name, "usage.") }
