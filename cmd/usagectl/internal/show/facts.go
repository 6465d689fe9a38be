package show

import (
	"io"
	"strings"
	"unicode/utf8"
)

// Facts are names and what is to be said of each.
type Facts struct{ list []fact }

type fact struct {
	name, text string
	alarming   bool
}

// Add adds a fact.
func (f *Facts) Add(name, text string) { f.list = append(f.list, fact{name: name, text: text}) }

// Alarm adds one that should not be overlooked.
func (f *Facts) Alarm(name, text string) {
	f.list = append(f.list, fact{name: name, text: text, alarming: true})
}

// Write writes one line a fact.
func (f *Facts) Write(w io.Writer, style Style) error {
	width := 0
	for _, one := range f.list {
		width = max(width, utf8.RuneCountInString(one.name))
	}
	var b strings.Builder
	for _, one := range f.list {
		text := Printable(one.text)
		if one.alarming {
			text = style.Alarm(text)
		}
		b.WriteString(one.name + strings.Repeat(" ", width-utf8.RuneCountInString(one.name)+gap) + text + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
