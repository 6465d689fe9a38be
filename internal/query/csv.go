package query

import (
	"encoding/csv"
	"io"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// WriteCSV writes an answer as a table: attributes, measures and when each row was last
// seen. What a row lacks, or what is not known, is empty. Text that a spreadsheet would
// take for a formula has an apostrophe before it.
func WriteCSV(w io.Writer, r Request, a Answer) error {
	t := newSheet(w, &r, attributeNames(&r, a.Rows))
	t.header(nil, []string{"last_seen"})
	for i := range a.Rows {
		row := &a.Rows[i]
		t.row(nil, row)
		t.cell(optionalTime(row.LastSeen / billion))
		t.end()
	}
	return t.finish()
}

// WriteTimelineCSV writes a timeline as a table: one row for each group of each point, or
// of its total if there are no groups. Where none of the groups has counted something,
// one row with nothing keeps the point in the table: adding up columns gives what the
// groups have, not the total. See [WriteCSV].
func WriteTimelineCSV(w io.Writer, r Request, _ usage.Granularity, points []Point) error {
	t := newSheet(w, &r, r.GroupBy)
	t.header([]string{"start", "end"}, nil)
	for i := range points {
		p := &points[i]
		rows := p.Rows
		switch {
		case len(r.GroupBy) == 0:
			rows = []Row{p.Total}
		case len(rows) == 0:
			rows = []Row{{History: true}}
		}
		for j := range rows {
			t.row([]string{timeText(p.Start), timeText(p.End)}, &rows[j])
			t.end()
		}
	}
	return t.finish()
}

// attributeNames are those that rows are grouped by, or all that they have.
func attributeNames(r *Request, rows []Row) []string {
	if len(r.GroupBy) > 0 {
		return r.GroupBy
	}
	var names []string
	for i := range rows {
		for _, a := range rows[i].Attributes {
			if !slices.Contains(names, a.Name) {
				names = append(names, a.Name)
			}
		}
	}
	return names
}

// sheet is a table that is being written.
type sheet struct {
	csv      *csv.Writer
	names    []string // of attributes
	measured []Measure
	cells    []string
}

func newSheet(w io.Writer, r *Request, names []string) *sheet {
	return &sheet{csv: csv.NewWriter(w), names: names, measured: Measures(r.Kind)}
}

func (t *sheet) header(before, after []string) {
	for _, name := range slices.Concat(before, t.names) {
		t.cell(name)
	}
	for _, m := range t.measured {
		t.cell(m.Name)
	}
	for _, name := range after {
		t.cell(name)
	}
	t.end()
}

func (t *sheet) row(before []string, r *Row) {
	for _, text := range before {
		t.cell(text)
	}
	for _, name := range t.names {
		t.cell(r.Attribute(name))
	}
	for _, m := range t.measured {
		t.cell(m.Of(r).String())
	}
}

func (t *sheet) cell(text string) { t.cells = append(t.cells, harmless(text)) }

// end ends a row. The writer keeps the first error.
func (t *sheet) end() {
	_ = t.csv.Write(t.cells)
	t.cells = t.cells[:0]
}

func (t *sheet) finish() error {
	t.csv.Flush()
	return t.csv.Error()
}

// Attribute is the value of an attribute; empty if the row has none.
func (r *Row) Attribute(name string) string {
	for _, a := range r.Attributes {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// harmless keeps spreadsheets from running what telemetry says.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

func optionalTime(at int64) string {
	if at == 0 {
		return ""
	}
	return timeText(at)
}
