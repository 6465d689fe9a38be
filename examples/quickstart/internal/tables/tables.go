// Package tables prints usage for people.
package tables

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"

	"github.com/otelusage/usageprocessor/examples/quickstart/internal/usagepage"
)

// Write prints one table of endpoints, one of providers, and one of tokens: only models have those, and a table of
// everything would be too wide for most screens.
func Write(w io.Writer, page usagepage.Page) error {
	var out bytes.Buffer
	write(&out, "ENDPOINTS: what the services serve", endpointColumns(), page.Endpoints)
	out.WriteByte('\n')
	write(&out, "PROVIDERS: what the services consume", providerColumns(), page.Providers)
	if models := withTokens(page.Providers); len(models) > 0 {
		out.WriteByte('\n')
		write(&out, "TOKENS: what the models among them used, in disjoint parts", tokenColumns(), models)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write tables: %w", err)
	}
	return nil
}

// column renders one cell of a row.
type column[Row any] struct {
	title string
	align alignment
	cell  func(Row) string
}

type alignment bool

const (
	left  alignment = false
	right alignment = true
)

func write[Row any](out *bytes.Buffer, title string, columns []column[Row], rows []Row) {
	fmt.Fprintf(out, "%s\n", title)
	if len(rows) == 0 {
		fmt.Fprintln(out, "  nothing yet")
		return
	}
	columns = used(columns, rows)
	lines := [][]string{titles(columns)}
	for _, row := range rows {
		lines = append(lines, cells(columns, row))
	}
	alignRight(columns, lines)

	const padding = 2
	table := tabwriter.NewWriter(out, 0, 0, padding, ' ', 0)
	for _, line := range lines {
		fmt.Fprintf(table, "  %s\n", strings.Join(line, "\t"))
	}
	_ = table.Flush() // a buffer takes everything
}

// used leaves out numbers that no row has.
func used[Row any](columns []column[Row], rows []Row) []column[Row] {
	return slices.DeleteFunc(columns, func(c column[Row]) bool {
		return c.align == right && !slices.ContainsFunc(rows, func(row Row) bool { return c.cell(row) != absent })
	})
}

func titles[Row any](columns []column[Row]) []string {
	line := make([]string, 0, len(columns))
	for _, c := range columns {
		line = append(line, c.title)
	}
	return line
}

func cells[Row any](columns []column[Row], row Row) []string {
	line := make([]string, 0, len(columns))
	for _, c := range columns {
		line = append(line, clean(c.cell(row)))
	}
	return line
}

// alignRight pads numbers itself: tabwriter aligns either all columns to the right or none.
func alignRight[Row any](columns []column[Row], lines [][]string) {
	for i, c := range columns {
		if c.align != right {
			continue
		}
		width := 0
		for _, line := range lines {
			width = max(width, utf8.RuneCountInString(line[i]))
		}
		for _, line := range lines {
			line[i] = fmt.Sprintf("%*s", width, line[i])
		}
	}
}

// clean keeps telemetry, which anyone may have sent, from moving the cursor or breaking the table.
func clean(cell string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, cell)
}
