package show

import (
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxWidth is how many columns of a terminal a table takes.
	maxWidth = 100
	// minText is how far a column of text is cut to fit.
	minText = 8
	gap     = 2
	cut     = "…"
)

// Column is one of a table.
type Column struct {
	Title string
	// Number says that it stands at the right.
	Number bool
	// Fixed says that nothing of it is ever cut.
	Fixed bool
}

// Table is written when all of it is known.
type Table struct {
	Columns []Column
	Rows    [][]string
	// Total is the last line; nil: none.
	Total []string
}

// Write writes the table.
func (t *Table) Write(w io.Writer, style Style) error {
	widths := t.widths()
	var b strings.Builder
	titles := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = c.Title
	}
	b.WriteString(style.strong(t.line(titles, widths)))
	for _, row := range t.Rows {
		b.WriteString(t.line(row, widths))
	}
	if t.Total != nil {
		b.WriteString(style.strong(t.line(t.Total, widths)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// widths are those of the columns. While a line is too long, titles that are wider than
// what stands below give, and then the widest text.
func (t *Table) widths() []int {
	content, widths := make([]int, len(t.Columns)), make([]int, len(t.Columns))
	total := (len(t.Columns) - 1) * gap
	for i, c := range t.Columns {
		for _, row := range t.Rows {
			content[i] = max(content[i], utf8.RuneCountInString(row[i]))
		}
		if t.Total != nil {
			content[i] = max(content[i], utf8.RuneCountInString(t.Total[i]))
		}
		widths[i] = max(content[i], utf8.RuneCountInString(c.Title))
		total += widths[i]
	}
	for ; total > maxWidth; total-- {
		at := t.widest(func(i int) int { return widths[i] - max(content[i], minText) }, 1)
		if at < 0 {
			at = t.widest(func(i int) int { return widths[i] }, minText+1)
		}
		if at < 0 {
			break
		}
		widths[at]--
	}
	return widths
}

// widest is the column of text with the largest number, or -1 if none has the least.
func (t *Table) widest(of func(i int) int, least int) int {
	at := -1
	for i, c := range t.Columns {
		if !c.Fixed && of(i) >= least && (at < 0 || of(i) > of(at)) {
			at = i
		}
	}
	return at
}

func (t *Table) line(cells []string, widths []int) string {
	var b strings.Builder
	for i, c := range t.Columns {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", gap))
		}
		cell := fit(Printable(cells[i]), widths[i])
		padding := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(cell)))
		if c.Number {
			b.WriteString(padding + cell)
		} else {
			b.WriteString(cell + padding)
		}
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

// fit cuts the middle out of what is too long: both ends of names tell them apart.
func fit(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	head := width / 2
	tail := width - head - 1
	return string(slices.Concat(runes[:head], []rune(cut), runes[len(runes)-tail:]))
}

// Printable replaces what a terminal would obey instead of showing it: names come from
// telemetry, which anybody may have written.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, text)
}
