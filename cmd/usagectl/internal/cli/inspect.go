package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

const inspectLong = `Show what is in the state directory of a stopped collector, or in a copy of one: whose it
is, how many series and sessions there are, and every file with what it holds. With
--series every series that counts, or has ended, is listed; with --history, every hour
and day that stands in a file. Nothing is changed.`

const inspectExample = `  usagectl inspect /var/lib/otelcol/usage

  # every series with what it has counted
  usagectl inspect /var/lib/otelcol/usage --series

  # how far back history goes
  usagectl inspect /var/lib/otelcol/usage --history

  usagectl inspect /var/lib/otelcol/usage --format json | jq .epoch`

// inspection is what was found, as JSON has it.
type inspection struct {
	Directory string         `json:"directory"`
	Writer    string         `json:"writer"`
	Epoch     uint64         `json:"epoch"`
	As        *time.Time     `json:"as_of"`
	Series    map[string]int `json:"series"`
	Sessions  int            `json:"active_sessions"`
	Damage    string         `json:"damage,omitempty"`
	Files     []verifiedFile `json:"files"`
	History   []historyFile  `json:"history"`
}

type historyFile struct {
	Name        string           `json:"name"`
	Granularity string           `json:"granularity"`
	Start       time.Time        `json:"start"`
	End         time.Time        `json:"end"`
	Rows        int              `json:"rows"`
	Requests    map[string]int64 `json:"requests"` // by kind
}

// inspector is the flags of inspect.
type inspector struct {
	*Environment
	series, history bool
	format          string
}

func newInspect(e *Environment) *cobra.Command {
	i := &inspector{Environment: e}
	cmd := &cobra.Command{
		Use: "inspect DIR", Short: "Show what is in a state directory",
		Long: inspectLong, Example: inspectExample, Args: cobra.ExactArgs(1),
		ValidArgsFunction: directories,
	}
	cmd.Flags().BoolVar(&i.series, "series", false, "list every series")
	cmd.Flags().BoolVar(&i.history, "history", false, "list every hour and day that stands in a file")
	addFormat(cmd, &i.format, formats())
	cmd.MarkFlagsMutuallyExclusive("series", "history")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkFormat(i.format, formats()); err != nil {
			return err
		}
		return i.inspect(cmd.Context(), args[0])
	}
	return cmd
}

func (i *inspector) inspect(ctx context.Context, path string) (err error) {
	report, err := i.readFiles(ctx, path)
	if err != nil {
		return err
	}
	state, err := openState(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	found := inspectionOf(path, state, &report)
	switch {
	case i.series:
		return i.writeSeries(state.View())
	case i.format == asJSON:
		return writeJSON(i.Out, found)
	case i.history:
		return found.historyTable().Write(i.Out, i.styleOf(i.Out))
	default:
		return i.writeInspection(found)
	}
}

func inspectionOf(path string, state *meter.State, report *journal.Report) *inspection {
	s := state.Status()
	found := &inspection{
		Directory: path, Writer: s.Writer, Epoch: s.Epoch, Series: map[string]int{}, Sessions: s.Sessions,
		Damage: s.Persistence.LastError, Files: verificationOf(path, report).Files, History: []historyFile{},
	}
	if at := s.Persistence.Saved.UTC(); !s.Persistence.Saved.IsZero() {
		found.As = &at
	}
	for kind, n := range s.Series {
		found.Series[usage.Kind(kind).String()] = n
	}
	for n := range report.Files {
		if f := &report.Files[n]; f.History != nil {
			found.History = append(found.History, historyFileOf(f.Name, f.History))
		}
	}
	slices.SortStableFunc(found.History, func(a, b historyFile) int { return a.Start.Compare(b.Start) })
	return found
}

func historyFileOf(name string, f *usage.HistoryFile) historyFile {
	h := historyFile{
		Name: name, Granularity: f.Granularity.String(), Rows: f.Rows, Requests: map[string]int64{},
		Start: time.Unix(f.Start, 0).UTC(), End: time.Unix(f.End, 0).UTC(),
	}
	for _, kind := range []usage.Kind{usage.Endpoint, usage.Provider} {
		h.Requests[kind.String()] = f.Sums[kind].TotalRequests()
	}
	return h
}

func (i *inspector) writeInspection(found *inspection) error {
	facts := &show.Facts{}
	facts.Add("directory", found.Directory)
	facts.Add("writer", fmt.Sprintf("%s, epoch %d", found.Writer, found.Epoch))
	facts.Add("as of", timeText(found.As))
	for _, kind := range kindNames() {
		facts.Add("live "+kind+" series", show.Count(int64(found.Series[kind])))
	}
	facts.Add("sessions", show.Count(int64(found.Sessions))+" active")
	if found.Damage != "" {
		facts.Alarm("damage", found.Damage)
	}
	if err := facts.Write(i.Out, i.styleOf(i.Out)); err != nil {
		return err
	}
	if _, err := io.WriteString(i.Out, "\n"); err != nil {
		return err
	}
	return found.fileTable().Write(i.Out, i.styleOf(i.Out))
}

func (i *inspection) fileTable() *show.Table {
	t := &show.Table{Columns: []show.Column{
		{Title: "FILE", Fixed: true}, {Title: "KIND"}, {Title: "SIZE", Number: true}, {Title: "FRAMES", Number: true}, {Title: "STATE"},
	}}
	for _, f := range i.Files {
		state := "whole"
		switch {
		case f.Error != "":
			state = "damaged"
		case f.TornBytes > 0:
			state = show.Bytes(f.TornBytes) + " torn"
		}
		t.Rows = append(t.Rows, []string{f.Name, f.Kind, show.Bytes(f.Bytes), show.Count(int64(f.Frames)), state})
	}
	return t
}

func (i *inspection) historyTable() *show.Table {
	t := &show.Table{Columns: []show.Column{
		{Title: "FROM", Fixed: true},
		{Title: "LENGTH", Number: true},
		{Title: "ROWS", Number: true},
		{Title: "ENDPOINT REQ.", Number: true},
		{Title: "PROVIDER REQ.", Number: true},
		{Title: "FILE", Fixed: true},
	}}
	for _, h := range i.History {
		t.Rows = append(t.Rows, []string{
			h.Start.Format(minuteFormat), h.End.Sub(h.Start).String(), show.Count(int64(h.Rows)),
			show.Count(h.Requests[usage.Endpoint.String()]), show.Count(h.Requests[usage.Provider.String()]), h.Name,
		})
	}
	return t
}

// writeSeries lists every series, by kind: by its whole identity, or as far as it is known
// of those that have ended.
func (i *inspector) writeSeries(src query.Source) error {
	for kind := range usage.Kind(usage.Kinds) {
		request := query.Request{Kind: kind, Limit: math.MaxInt}
		a, err := query.Series(src, request)
		if err != nil {
			return err
		}
		if i.format == asJSON {
			err = query.WriteJSON(i.Out, request, a)
		} else if a.Groups > 0 {
			r := reporter{connection: &connection{environment: i.Environment}}
			err = r.writeTable(i.Out, fmt.Sprintf("%s: %s series", kind, show.Count(int64(a.Groups))), seriesTable(kind, &a))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
