package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
)

const resetExample = `  # forget what was counted of one provider, or of one value of a dimension
  usagectl reset --match provider=openai
  usagectl reset --match tenant.id=acme

  # forget everything, without being asked
  usagectl reset --all --yes`

// resetter is the flags of reset.
type resetter struct {
	*connection
	all   bool
	match string
	yes   bool
}

func newReset(e *Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use: "reset", Short: "Forget what was counted, all of it or a part",
		Long:    "Remove what was counted from series, totals and history: everything, or what has a value.\nIt cannot be undone; `usagectl export` makes a copy before. Budgets are not touched, and\nwhat is sent again still counts once. It needs the token.",
		Example: resetExample, Args: cobra.NoArgs,
	}
	r := &resetter{connection: newConnection(e, cmd)}
	flags := cmd.Flags()
	flags.BoolVar(&r.all, "all", false, "everything")
	flags.StringVar(&r.match, "match", "", "what has this value: name=value")
	flags.BoolVar(&r.yes, "yes", false, "do not ask")
	cmd.MarkFlagsMutuallyExclusive("all", "match")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return r.reset(cmd.Context()) }
	return cmd
}

func (r *resetter) reset(ctx context.Context) error {
	scope, err := r.scope()
	if err != nil {
		return err
	}
	client, err := r.client()
	if err != nil {
		return err
	}
	if err := r.confirm(); err != nil {
		return err
	}
	var answer struct{ Removed int64 }
	if err := client.PostJSON(ctx, "usage/reset", r.parameters(), bytes.NewReader(scope), &answer); err != nil {
		return err
	}
	return r.environment.say("%s rows were removed.", show.Count(answer.Removed))
}

// scope is the body of the request.
func (r *resetter) scope() ([]byte, error) {
	if r.all {
		return json.Marshal(map[string]string{"scope": "all"})
	}
	name, value, _ := strings.Cut(r.match, "=")
	if name == "" || value == "" {
		return nil, misused("say what to forget: `--match name=value`, or `--all`")
	}
	return json.Marshal(map[string]string{"scope": name, "value": value})
}

// confirm asks whoever sits at the terminal; from elsewhere, only --yes will do.
func (r *resetter) confirm() error {
	if r.yes {
		return nil
	}
	e := r.environment
	if !show.IsTerminal(e.In) || !show.IsTerminal(e.Err) {
		return misused("a reset cannot be undone: say `--yes`")
	}
	what := "everything that was counted"
	if !r.all {
		what = "what was counted with " + r.match
	}
	if _, err := fmt.Fprintf(e.Err, "Forget %s? It cannot be undone. [y/N] ", show.Printable(what)); err != nil {
		return err
	}
	line, err := bufio.NewReader(e.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if word := strings.ToLower(strings.TrimSpace(line)); word != "y" && word != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}
