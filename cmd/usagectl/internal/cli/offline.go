package cli

import (
	"context"
	"errors"
	"io"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// directory is the flag of a state directory to read, instead of asking a collector.
type directory struct {
	path     string
	timezone string
}

func newDirectory(cmd *cobra.Command) *directory {
	d := &directory{}
	cmd.Flags().StringVar(&d.path, "directory", "", "state directory of a stopped collector, instead of asking one")
	// It fails for flags that there are not, as every test would notice.
	_ = cmd.MarkFlagDirname("directory")
	for _, flag := range []string{"url", "token-file", "ca-file", "processor", "timeout"} {
		cmd.MarkFlagsMutuallyExclusive("directory", flag)
	}
	return d
}

// openState opens the state directory of a stopped collector.
func openState(path string) (*meter.State, error) {
	state, err := meter.OpenState(path)
	if err != nil {
		return nil, &openError{err: err}
	}
	return state, nil
}

// zone is the one that days and hours are shown in.
func (d *directory) zone() (*time.Location, error) {
	zone, err := time.LoadLocation(d.timezone)
	if err != nil {
		return nil, misused("`--timezone %s` is none: write one of the IANA database, such as Europe/Berlin", d.timezone)
	}
	return zone, nil
}

// fromDirectory answers the question of a state directory.
func (r *reporter) fromDirectory(ctx context.Context, parameters url.Values) (err error) {
	zone, err := r.directory.zone()
	if err != nil {
		return err
	}
	state, err := openState(r.directory.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	src := &watched{Source: state.ViewIn(zone), ctx: ctx, environment: r.environment}
	request, err := query.ParseRequest(parameters, src, "granularity")
	if err != nil {
		return err
	}
	request.Limit = r.top // there is no client to protect: without, all
	return r.environment.writeOutput(r.output, func(w io.Writer) error {
		switch {
		case r.format == asFocus:
			return query.WriteFOCUS(w, src, request, r.theGranularity())
		case r.granularity != "":
			return r.writeTimeline(w, src, request)
		default:
			return r.writeSeries(w, src, request)
		}
	})
}

func (r *reporter) writeSeries(w io.Writer, src query.Source, request query.Request) error {
	a, err := query.Series(src, request)
	if err != nil {
		return err
	}
	switch r.format {
	case asCSV:
		return query.WriteCSV(w, request, a)
	case asJSON:
		return query.WriteJSON(w, request, a)
	}
	return r.writeTable(w, "", seriesTable(request.Kind, &a))
}

// seriesTable is the table of an answer of a state directory.
func seriesTable(kind usage.Kind, a *query.Answer) *table {
	measures := measuresOf(kind)
	t := &table{kind: kind, groups: a.Groups, total: measures.of(&a.Total)}
	for i := range a.Rows {
		t.add(line{attributes: a.Rows[i].Attributes, measured: measures.of(&a.Rows[i])})
	}
	return t
}

func (r *reporter) writeTimeline(w io.Writer, src query.Source, request query.Request) error {
	g := r.theGranularity()
	points, err := query.Timeline(src, request, g)
	if err != nil {
		return err
	}
	switch r.format {
	case asCSV:
		return query.WriteTimelineCSV(w, request, g, points)
	case asJSON:
		return query.WriteTimelineJSON(w, request, g, points)
	}
	measures := measuresOf(request.Kind)
	t := newTimeline(request.Kind, g, src.Calendar().Zone())
	for i := range points {
		p := &points[i]
		t.begin(time.Unix(p.Start, 0), time.Unix(p.End, 0), measures.of(&p.Total), len(p.Rows))
		for j := range p.Rows {
			t.add(line{bucket: t.last, attributes: p.Rows[j].Attributes, measured: measures.of(&p.Rows[j])})
		}
	}
	return r.writeTable(w, "", t.table)
}

// measures are those of a kind, by name.
type measures map[string]query.Measure

func measuresOf(kind usage.Kind) measures {
	named := measures{}
	for _, m := range query.Measures(kind) {
		named[m.Name] = m
	}
	return named
}

// of returns what a row has.
func (m measures) of(row *query.Row) measured {
	return func(name string) query.Number { return m[name].Of(row) }
}
