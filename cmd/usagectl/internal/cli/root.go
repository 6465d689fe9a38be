package cli

import (
	"github.com/spf13/cobra"
)

const rootLong = `usagectl shows and manages what the usage processor of an OpenTelemetry Collector has
counted: who used what, how much, at what cost, with which outcome.

It asks a running collector through the management API of its extension (--url, or
USAGE_URL), or reads the state directory of a collector that is stopped (--directory).

Reading is open on loopback. Changes need the extension's token, which is read from the
environment (USAGE_TOKEN) or a file (--token-file). There is no flag for the token itself:
everybody on a machine sees the command lines of everybody else.

Exit codes: 0 done; 1 ` + "`verify`" + ` found damage; 2 the command line or a request makes no
sense; 3 the collector cannot be reached, or the directory cannot be opened; 4 the
collector refused, or something else failed; 130 interrupted.`

const rootExample = `  # what the collector on this machine has counted, per provider and model
  usagectl report

  # last week's cost per service, as CSV for a spreadsheet
  usagectl report --by service --since 7d --order-by cost --format csv --output costs.csv

  # is the state of a stopped collector as it was written?
  usagectl verify /var/lib/otelcol/usage`

func newRoot(e *Environment) *cobra.Command {
	root := &cobra.Command{
		Use:           "usagectl",
		Short:         "Show and manage what the usage processor has counted",
		Long:          rootLong,
		Example:       rootExample,
		Version:       e.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(e.In)
	root.SetOut(e.Out)
	root.SetErr(e.Err)
	root.AddCommand(
		newReport(e), newStatus(e),
		newSave(e), newLoad(e), newExport(e), newImport(e), newReset(e),
		newSessions(e), newTerminate(e),
		newVerify(e), newInspect(e),
	)
	return root
}
