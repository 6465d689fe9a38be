package show

import (
	"os"
	"strings"

	"golang.org/x/term"
)

// Style says what the output can show.
type Style struct{ Colour bool }

// StyleOf returns the style of an output, a terminal or not, in an environment.
func StyleOf(terminal bool, getenv func(string) string) Style {
	return Style{Colour: terminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}
}

const (
	bold  = "\x1b[1m"
	red   = "\x1b[31m"
	plain = "\x1b[0m"
)

func (s Style) strong(line string) string { return s.paint(bold, line) }

// Alarm marks what should not be overlooked.
func (s Style) Alarm(text string) string { return s.paint(red, text) }

// paint keeps the end of a line out of the colour.
func (s Style) paint(code, text string) string {
	if !s.Colour {
		return text
	}
	body, ended := strings.CutSuffix(text, "\n")
	if text = code + body + plain; ended {
		text += "\n"
	}
	return text
}

// IsTerminal says whether somebody looks at a stream.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
