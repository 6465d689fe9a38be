package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/answer"
	"github.com/otelusage/usageprocessor/internal/usage"
)

const reportLong = `Report who used what, how much, at what cost, with which outcome.

Rows are told apart by provider and model, or by service and endpoint, or by meter,
unless --by says otherwise; with --granularity there are sums only, unless --by names
something. Without --since and --until the numbers are of all time; with either they
come from history: hours for as long as the collector keeps them, and days before.

Tables are for people: they show the most telling measures, rounded. A dash stands for what
is not known, such as the cost of models without a price; before a cost that
has to be added to, for requests without a price, stands ≥. CSV and JSON have all measures, in full. FOCUS
is CSV in the columns of the FinOps Open Cost and Usage Specification, version 1.2.`

const reportExample = `  # everything so far, per provider and model
  usagectl report

  # the ten most expensive services of the last 30 days
  usagectl report --by service --since 30d --order-by cost --top 10

  # what one provider was used for, hour by hour, since yesterday
  usagectl report --match provider=openai --since 24h --granularity hour

  # endpoints that are called most, of a collector that is stopped
  usagectl report --kind endpoint --directory /var/lib/otelcol/usage

  # November's bill for a FinOps tool
  usagectl report --since 2026-11-01 --until 2026-11-30 --format focus --output november.csv`

const (
	asTable = "table"
	asCSV   = "csv"
	asJSON  = "json"
	asFocus = "focus"
)

func reportFormats() []string { return []string{asTable, asCSV, asJSON, asFocus} }

// reporter is the flags of report.
type reporter struct {
	*connection
	*question
	directory *directory
	format    string
	output    string
}

func newReport(e *Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use: "report", Short: "Report who used what, how much and at what cost",
		Long: reportLong, Example: reportExample, Args: cobra.NoArgs,
	}
	r := &reporter{connection: newConnection(e, cmd), question: newQuestion(cmd), directory: newDirectory(cmd)}
	cmd.Flags().StringVar(&r.directory.timezone, "timezone", "UTC", "of the days of --directory that are not over; a collector knows its own")
	addFormat(cmd, &r.format, reportFormats())
	cmd.Flags().StringVar(&r.output, "output", standardName, "file to write; - is standard output")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return r.report(cmd.Context()) }
	return cmd
}

// addFormat adds the flag of formats, the first of which is what people read.
func addFormat(cmd *cobra.Command, format *string, formats []string) {
	cmd.Flags().StringVar(format, "format", formats[0], strings.Join(formats, ", "))
	complete(cmd, "format", func() []string { return formats })
}

func checkFormat(format string, formats []string) error {
	if !slices.Contains(formats, format) {
		return misused("`--format %s` is none of: %s", format, strings.Join(formats, ", "))
	}
	return nil
}

func (r *reporter) report(ctx context.Context) error {
	if err := checkFormat(r.format, reportFormats()); err != nil {
		return err
	}
	if r.format == asFocus && r.granularity == "" {
		r.granularity = usage.Daily.String() // charges have a period
	}
	parameters, err := r.question.parameters(r.environment.Now())
	if err != nil {
		return err
	}
	if r.directory.path != "" {
		return r.fromDirectory(ctx, parameters)
	}
	return r.fromCollector(ctx, parameters)
}

// fromCollector asks a collector. What programs read is passed on as it is.
func (r *reporter) fromCollector(ctx context.Context, parameters url.Values) error {
	route := "usage/series"
	if r.granularity != "" {
		route = "usage/history"
	}
	maps.Copy(parameters, r.connection.parameters())
	client, err := r.client()
	if err != nil {
		return err
	}
	if r.format != asTable {
		parameters.Set("format", r.format)
		body, err := client.Get(ctx, route, parameters)
		if err != nil {
			return err
		}
		err = r.environment.writeOutput(r.output, func(w io.Writer) error {
			_, err := io.Copy(w, body)
			return err
		})
		return errors.Join(err, body.Close())
	}
	var answers answer.Several[answer.Answer]
	if err := client.GetJSON(ctx, route, parameters, &answers); err != nil {
		return err
	}
	return r.environment.writeOutput(r.output, func(w io.Writer) error {
		for i := range answers {
			if err := r.writeTable(w, answers[i].Processor, r.tableOf(&answers[i].Answer)); err != nil {
				return err
			}
		}
		return nil
	})
}

// tableOf is the table of an answer of the API.
func (r *reporter) tableOf(a *answer.Answer) *table {
	if r.granularity != "" {
		return timelineOf(r.theKind(), r.theGranularity(), a.Points)
	}
	t := &table{kind: r.theKind(), groups: a.Groups, total: a.Total.Of}
	for i := range a.Rows {
		t.add(line{attributes: a.Rows[i].Attributes, measured: a.Rows[i].Measures.Of})
	}
	return t
}

// writeTable writes the table of one processor, which has a name if there are several.
func (r *reporter) writeTable(w io.Writer, processor string, t *table) error {
	if processor != "" {
		if _, err := fmt.Fprintf(w, "%s\n", processor); err != nil {
			return err
		}
	}
	if err := t.layout().Write(w, r.environment.styleOf(w)); err != nil {
		return err
	}
	_, err := io.WriteString(w, t.note())
	return err
}
