package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
)

// Environment is what the program was started in.
type Environment struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	Now      func() time.Time
	Version  string
}

// styleOf is that of what is written to: files have none.
func (e *Environment) styleOf(w io.Writer) show.Style {
	return show.StyleOf(show.IsTerminal(w), e.Getenv)
}

// progress returns a bar, or nil where nobody would see it.
func (e *Environment) progress(title string, total int64, unit func(int64) string) *show.Progress {
	if !show.IsTerminal(e.Err) {
		return nil
	}
	return show.NewProgress(e.Err, e.Now, title, total, unit)
}

// grace is how long a command that was interrupted has to end by itself: what reads a
// state directory may be in the middle of a file.
const grace = time.Second

// Run runs the command line and returns its exit code. A command that does not end in
// time after an interrupt is left behind: the process ends.
func Run(ctx context.Context, e *Environment, args []string) int {
	done := make(chan error, 1)
	go func() { done <- execute(ctx, e, args) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		select {
		case err = <-done:
		case <-time.After(grace):
			err = ctx.Err()
		}
	}
	code := codeOf(ctx, err)
	if message := messageOf(code, err); message != "" {
		fmt.Fprintf(e.Err, "usagectl: %s\n", e.styleOf(e.Err).Alarm(show.Printable(message)))
	}
	return int(code)
}

// execute runs a command. What is wrong before one begins is wrong with its line.
func execute(ctx context.Context, e *Environment, args []string) error {
	root, begun := newRoot(e), false
	for _, cmd := range root.Commands() {
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			begun = true
			return run(cmd, args)
		}
	}
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !begun {
		return &usageError{err: err}
	}
	return err
}
