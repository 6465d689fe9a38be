package cli

import (
	"context"
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/api"
	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
)

const saveExample = `  # make everything durable, before a backup of the directory
  USAGE_TOKEN=... usagectl save

  usagectl save --token-file /run/secrets/usage --processor usage/llm`

func newSave(e *Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use: "save", Short: "Write everything that was counted to disk, now",
		Long:    "Let the collector write a snapshot of everything that it has counted. It does so by itself\nnow and then; nothing is lost without. It needs the token.",
		Example: saveExample, Args: cobra.NoArgs,
	}
	c := newConnection(e, cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		var answer struct{ Status persistenceStatus }
		if err := client.PostJSON(cmd.Context(), "usage/save", c.parameters(), nil, &answer); err != nil {
			return err
		}
		return e.say("Saved to %s: snapshot %s, journal %s.", answer.Status.Path,
			show.Bytes(answer.Status.SnapshotBytes), show.Bytes(answer.Status.JournalBytes))
	}
	return cmd
}

const loadExample = `  # what is stored is what was counted: this adds nothing, and says so
  USAGE_TOKEN=... usagectl load`

func newLoad(e *Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use: "load", Short: "Merge what is stored into what was counted",
		Long:    "Let the collector merge what is stored into what it has counted. Of each series the most\nthat was known counts, so that its own state adds nothing. It needs the token.",
		Example: loadExample, Args: cobra.NoArgs,
	}
	c := newConnection(e, cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		return c.merge(cmd.Context(), client, "usage/load", nil)
	}
	return cmd
}

// merged is what a collector answers when it has merged something.
type merged struct {
	Added   int64
	Skipped int64
}

// merge asks for a merge, and says what became of it.
func (c *connection) merge(ctx context.Context, client *api.Client, route string, document io.Reader) error {
	var answer struct {
		merged                 // of imports
		Result         *merged // of loads
		TotalRequests  int64   `json:"total_requests"`
		FailedRequests int64   `json:"failed_requests"`
	}
	if err := client.PostJSON(ctx, route, c.parameters(), document, &answer); err != nil {
		return err
	}
	if answer.Result != nil {
		answer.merged = *answer.Result
	}
	return c.environment.say("%s rows were added, %s had nothing new. Requests to providers: %s, %s of them failed.",
		show.Count(answer.Added), show.Count(answer.Skipped), show.Count(answer.TotalRequests), show.Count(answer.FailedRequests))
}

// say writes a line, without what a terminal would obey: some of it was written by others.
func (e *Environment) say(format string, args ...any) error {
	_, err := fmt.Fprintln(e.Out, show.Printable(fmt.Sprintf(format, args...)))
	return err
}

// within adds a parameter to those of every route.
func (c *connection) within(name, value string) url.Values {
	parameters := c.parameters()
	parameters.Set(name, value)
	return parameters
}
