package cli

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/answer"
	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
)

const sessionsExample = `  # who is active, the oldest first
  usagectl sessions

  usagectl sessions --limit 1000 --format json`

// activeSessions is what a collector answers.
type activeSessions struct {
	Active   int64
	Sessions []struct {
		Kind, Service, Endpoint, Provider, ID string
		First                                 *time.Time `json:"first_seen"`
		Last                                  *time.Time `json:"last_seen"`
	}
}

func newSessions(e *Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use: "sessions", Short: "List active sessions",
		Long:    "List the sessions that are active, the oldest first: with which provider or endpoint, since\nwhen, and when they were seen last.",
		Example: sessionsExample, Args: cobra.NoArgs,
	}
	c := newConnection(e, cmd)
	var limit int
	var format string
	cmd.Flags().IntVar(&limit, "limit", 100, "only so many, up to 10000")
	addFormat(cmd, &format, formats())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkFormat(format, formats()); err != nil {
			return err
		}
		return c.sessions(cmd.Context(), c.within("limit", strconv.Itoa(limit)), format)
	}
	return cmd
}

func (c *connection) sessions(ctx context.Context, parameters url.Values, format string) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	const route = "usage/sessions"
	if format == asJSON {
		return c.copyJSON(ctx, client, route, parameters)
	}
	var answers answer.Several[activeSessions]
	if err := client.GetJSON(ctx, route, parameters, &answers); err != nil {
		return err
	}
	e := c.environment
	for i := range answers {
		if err := e.label(answers[i].Processor); err != nil {
			return err
		}
		found := &answers[i].Answer
		if err := sessionTable(found).Write(e.Out, e.styleOf(e.Out)); err != nil {
			return err
		}
		if _, err := io.WriteString(e.Out, moreSessions(found)); err != nil {
			return err
		}
	}
	return nil
}

func moreSessions(found *activeSessions) string {
	if found.Active <= int64(len(found.Sessions)) {
		return ""
	}
	return fmt.Sprintf("%d of %s active sessions; `--limit` shows more.\n", len(found.Sessions), show.Count(found.Active))
}

func sessionTable(found *activeSessions) *show.Table {
	t := &show.Table{Columns: []show.Column{
		{Title: "SESSION"},
		{Title: "KIND", Fixed: true},
		{Title: "OF"},
		{Title: "SINCE", Fixed: true},
		{Title: "LAST SEEN", Fixed: true},
	}}
	for i := range found.Sessions {
		s := &found.Sessions[i]
		of := s.Provider
		if of == "" {
			of = s.Service + " " + s.Endpoint
		}
		t.Rows = append(t.Rows, []string{s.ID, s.Kind, of, timeText(s.First), timeText(s.Last)})
	}
	return t
}

// timeText is a time for people, to the second, in UTC.
func timeText(at *time.Time) string {
	if at == nil || at.IsZero() {
		return "never"
	}
	return at.UTC().Format(time.RFC3339)
}

const terminateExample = `  # end a session, at all providers and endpoints that it is active with
  USAGE_TOKEN=... usagectl terminate 7b1f0c`

func newTerminate(e *Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use: "terminate SESSION", Short: "End active sessions by their ID",
		Long:    "End the active sessions that have an ID; they count as closed with the reason `terminated`.\nIf something of them comes later, they begin anew. It needs the token.",
		Example: terminateExample, Args: cobra.ExactArgs(1),
	}
	c := newConnection(e, cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		if args[0] == "" || args[0] == "." || args[0] == ".." {
			return misused("%q is no ID of a session", args[0])
		}
		var answer struct{ Terminated int64 }
		if err := client.PostJSON(cmd.Context(), "usage/sessions/"+url.PathEscape(args[0])+"/terminate", c.parameters(), nil, &answer); err != nil {
			return err
		}
		return e.say("%s sessions were ended.", show.Count(answer.Terminated))
	}
	return cmd
}
