package query

import (
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
)

// WriteText writes an answer as aligned text with some of the measures, by name; without
// names with all of them. Attributes that a row lacks are [None]; what is not known is `-`.
func WriteText(w io.Writer, r Request, a Answer, measures ...string) error {
	names, measured := attributeNames(&r, a.Rows), Measures(r.Kind)
	if len(measures) > 0 {
		measured = measured[:0:0]
		for _, name := range measures {
			m, ok := MeasureNamed(r.Kind, name)
			if !ok {
				return inputError("measures", "has no %q of `kind` %s", name, r.Kind)
			}
			measured = append(measured, m)
		}
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := make([]string, 0, len(names)+len(measured))
	write := func() error {
		_, err := io.WriteString(out, strings.Join(line, "\t")+"\n")
		line = line[:0]
		return err
	}
	for _, name := range names {
		line = append(line, strings.TrimPrefix(printable(name), "usage."))
	}
	for _, m := range measured {
		line = append(line, m.Name)
	}
	if err := write(); err != nil {
		return err
	}
	for i := range a.Rows {
		for _, name := range names {
			line = append(line, orElse(printable(a.Rows[i].Attribute(name)), None))
		}
		for _, m := range measured {
			line = append(line, orElse(m.Of(&a.Rows[i]).String(), "-"))
		}
		if err := write(); err != nil {
			return err
		}
	}
	return out.Flush()
}

// printable keeps what telemetry says from moving a terminal's cursor.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
