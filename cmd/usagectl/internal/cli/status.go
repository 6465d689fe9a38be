package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/answer"
	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/api"
	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/usage"
)

const statusExample = `  # is usage counted, and is it on disk?
  usagectl status

  # for a script: when was everything last durable?
  usagectl status --format json | jq -r .persistence.last_saved_at

  usagectl status --directory /var/lib/otelcol/usage`

// status is how a collector answers, and what is known of a state directory.
type status struct {
	Processor          string                      `json:"processor"`
	Version            string                      `json:"version"`
	Writer             string                      `json:"writer"`
	Epoch              uint64                      `json:"epoch"`
	OpenedAt           *time.Time                  `json:"opened_at"`
	Counting           bool                        `json:"counting"`
	Records            map[string]map[string]int64 `json:"records"`
	Series             map[string]int64            `json:"series"`
	Folded             map[string]uint64           `json:"folded"`
	ActiveSessions     int64                       `json:"active_sessions"`
	DedupKeys          int64                       `json:"dedup_keys"`
	DedupWindowSeconds float64                     `json:"dedup_window_seconds"`
	Prices             string                      `json:"prices"`
	Persistence        persistenceStatus           `json:"persistence"`
}

type persistenceStatus struct {
	Enabled         bool       `json:"enabled"`
	Path            string     `json:"path"`
	IntervalSeconds float64    `json:"interval_seconds"`
	LastSavedAt     *time.Time `json:"last_saved_at"`
	LastLoadedAt    *time.Time `json:"last_loaded_at"`
	LastError       *string    `json:"last_error"`
	JournalBytes    int64      `json:"journal_bytes"`
	SnapshotBytes   int64      `json:"snapshot_bytes"`
}

// formats are those of everything but reports.
func formats() []string { return []string{asTable, asJSON} }

func newStatus(e *Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Say how metering and keeping usage go",
		Long:    "Say how metering goes: what became of all records, how many series there are, who writes,\nand whether everything is on disk.",
		Example: statusExample, Args: cobra.NoArgs,
	}
	c := newConnection(e, cmd)
	d := newDirectory(cmd)
	var format string
	addFormat(cmd, &format, formats())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkFormat(format, formats()); err != nil {
			return err
		}
		if d.path != "" {
			return e.stateStatus(d.path, format)
		}
		return c.status(cmd.Context(), format)
	}
	return cmd
}

func (c *connection) status(ctx context.Context, format string) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	const route = "usage/status"
	if format == asJSON {
		return c.copyJSON(ctx, client, route, c.parameters())
	}
	var answers answer.Several[status]
	if err := client.GetJSON(ctx, route, c.parameters(), &answers); err != nil {
		return err
	}
	for i := range answers {
		if err := c.environment.label(answers[i].Processor); err != nil {
			return err
		}
		if err := c.environment.writeStatus(&answers[i].Answer); err != nil {
			return err
		}
	}
	return nil
}

// stateStatus says how the collector of a state directory was when it ended.
func (e *Environment) stateStatus(path, format string) (err error) {
	state, err := openState(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	s := statusOf(state.Status())
	if format == asJSON {
		return writeJSON(e.Out, s)
	}
	return e.writeStatus(s)
}

func statusOf(found meter.Status) *status {
	s := &status{
		Writer: found.Writer, Epoch: found.Epoch, ActiveSessions: int64(found.Sessions),
		Records: map[string]map[string]int64{}, Series: map[string]int64{}, Folded: map[string]uint64{},
		Persistence: persistenceStatus{Enabled: true, Path: found.Persistence.Path},
	}
	if at := found.Persistence.Saved.UTC(); !found.Persistence.Saved.IsZero() {
		s.Persistence.LastSavedAt = &at
	}
	if found.Persistence.LastError != "" {
		s.Persistence.LastError = &found.Persistence.LastError
	}
	for kind := range usage.Kinds {
		s.Series[usage.Kind(kind).String()] = int64(found.Series[kind])
	}
	for signal := range found.Ledgers {
		ledger := &found.Ledgers[signal]
		records := map[string]int64{received: ledger.Received()}
		for verdict, n := range ledger {
			records[verdictName(usage.Verdict(verdict))] = n
		}
		s.Records[usage.Signal(signal).String()] = records
	}
	return s
}

// copyJSON passes on what a route answers.
func (c *connection) copyJSON(ctx context.Context, client *api.Client, route string, parameters url.Values) error {
	body, err := client.Get(ctx, route, parameters)
	if err != nil {
		return err
	}
	_, err = io.Copy(c.environment.Out, body)
	return errors.Join(err, body.Close())
}

// label says whose answer follows; nothing if there is only one.
func (e *Environment) label(processor string) error {
	if processor == "" {
		return nil
	}
	return e.say("processor %s", processor)
}

func (e *Environment) writeStatus(s *status) error {
	facts := &show.Facts{}
	if s.Version != "" {
		facts.Add("collector", s.Version)
	}
	facts.Add("writer", s.writerText())
	if s.OpenedAt != nil {
		facts.Add("open since", timeText(s.OpenedAt))
		facts.Add("counting", yesOrNo(s.Counting))
	}
	facts.Add("kept", s.Persistence.text())
	if s.Persistence.Enabled {
		facts.Add("saved", timeText(s.Persistence.LastSavedAt))
	}
	if s.Persistence.SnapshotBytes+s.Persistence.JournalBytes > 0 {
		facts.Add("on disk", fmt.Sprintf("snapshot %s, journal %s", show.Bytes(s.Persistence.SnapshotBytes), show.Bytes(s.Persistence.JournalBytes)))
	}
	if s.Persistence.LastError != nil {
		facts.Alarm("last error", *s.Persistence.LastError)
	}
	facts.Add("sessions", show.Count(s.ActiveSessions)+" active")
	if s.DedupWindowSeconds > 0 {
		facts.Add("remembered", fmt.Sprintf("%s records, for %v", show.Count(s.DedupKeys), time.Duration(s.DedupWindowSeconds*float64(time.Second))))
	}
	if s.Prices != "" {
		facts.Add("prices", s.Prices)
	}
	if err := facts.Write(e.Out, e.styleOf(e.Out)); err != nil {
		return err
	}
	for _, t := range []*show.Table{s.seriesTable(), s.recordTable()} {
		if _, err := io.WriteString(e.Out, "\n"); err != nil {
			return err
		}
		if err := t.Write(e.Out, e.styleOf(e.Out)); err != nil {
			return err
		}
	}
	return nil
}

func (s *status) writerText() string {
	if s.Epoch == 0 {
		return s.Writer
	}
	return fmt.Sprintf("%s, epoch %d", s.Writer, s.Epoch)
}

func (p *persistenceStatus) text() string {
	if !p.Enabled {
		return "no: only in memory"
	}
	if p.IntervalSeconds == 0 {
		return "in " + p.Path
	}
	return fmt.Sprintf("in %s, every %v", p.Path, time.Duration(p.IntervalSeconds*float64(time.Second)))
}

func (s *status) seriesTable() *show.Table {
	t := &show.Table{Columns: []show.Column{{Title: "KIND"}, {Title: "SERIES", Number: true, Fixed: true}, {Title: "FOLDED", Number: true, Fixed: true}}}
	for _, kind := range kindNames() {
		t.Rows = append(t.Rows, []string{kind, show.Count(s.Series[kind]), show.Count(int64(min(s.Folded[kind], 1<<62)))})
	}
	return t
}

// recordTable says what became of what was received.
func (s *status) recordTable() *show.Table {
	t := &show.Table{Columns: []show.Column{{Title: "RECORDS"}}}
	var signals []string
	for i := range usage.Signals {
		name := usage.Signal(i).String()
		signals = append(signals, name)
		t.Columns = append(t.Columns, show.Column{Title: name, Number: true, Fixed: true})
	}
	for _, result := range results() {
		cells, found := []string{result}, false
		for _, signal := range signals {
			n := s.Records[signal][result]
			cells, found = append(cells, show.Count(n)), found || n != 0
		}
		if found || result == received || result == usage.Counted.Result() {
			t.Rows = append(t.Rows, cells)
		}
	}
	return t
}

// received is the sum of all results.
const received = "received"

// results are what can become of records, by the names of answers.
func results() []string {
	names := []string{received}
	for v := range usage.Verdicts {
		names = append(names, verdictName(usage.Verdict(v)))
	}
	return names
}

func verdictName(v usage.Verdict) string {
	if reason := v.Reason(); reason != "" {
		return reason
	}
	return v.Result()
}

func yesOrNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no: paused"
}
