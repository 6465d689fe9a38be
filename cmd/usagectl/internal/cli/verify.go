package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/usage"
)

const verifyLong = `Check the state directory of a stopped collector, or a copy of one: that every file is
readable to its end and every checksum right, that files which refer to each other fit,
that the ledger of received records has no impossible number, and that by kind and
measure all series, live and ended, have counted what history has of it. Nothing is
changed, and nobody may write meanwhile.

A torn end of a journal is what a killed collector leaves in the middle of a write that
nobody was told is done; it is shown and counts as no damage. After a clean stop there is
none.

Exit codes: 0 all right; 1 damage was found; 3 the directory cannot be opened, such as
one that a collector is using, or that a later version has written.`

const verifyExample = `  usagectl verify /var/lib/otelcol/usage

  # before a backup is kept
  cp -r /var/lib/otelcol/usage /backup/ && usagectl verify /backup/usage || echo "do not keep it"

  # what is wrong, for a program
  usagectl verify /var/lib/otelcol/usage --format json | jq -r '.problems[]'`

// verification is what was found, as JSON has it.
type verification struct {
	Directory string         `json:"directory"`
	Right     bool           `json:"right"`
	Problems  []string       `json:"problems"`
	Files     []verifiedFile `json:"files"`
	// Compared says that totals and history were compared, which takes files without
	// damage.
	Compared bool             `json:"compared"`
	Records  map[string]int64 `json:"records,omitempty"` // received, by signal
}

type verifiedFile struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Bytes     int64  `json:"bytes"`
	Frames    int    `json:"frames"`
	TornBytes int64  `json:"torn_bytes"`
	Error     string `json:"error,omitempty"`
}

func newVerify(e *Environment) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "verify DIR", Short: "Check a state directory: checksums, ledger, history against totals",
		Long: verifyLong, Example: verifyExample, Args: cobra.ExactArgs(1),
		ValidArgsFunction: directories,
	}
	addFormat(cmd, &format, formats())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkFormat(format, formats()); err != nil {
			return err
		}
		return e.verify(cmd.Context(), args[0], format)
	}
	return cmd
}

func (e *Environment) verify(ctx context.Context, path, format string) error {
	report, err := e.readFiles(ctx, path)
	if err != nil {
		return err
	}
	v := verificationOf(path, &report)
	if len(v.Problems) == 0 {
		if err := v.compare(); err != nil {
			return err
		}
	}
	v.Right = len(v.Problems) == 0
	if format == asJSON {
		err = writeJSON(e.Out, v)
	} else {
		err = e.writeVerification(v, &report)
	}
	if err == nil && !v.Right {
		return errDamaged
	}
	return err
}

func verificationOf(path string, report *journal.Report) *verification {
	v := &verification{Directory: path, Problems: []string{}, Files: []verifiedFile{}}
	for i := range report.Files {
		f := &report.Files[i]
		file := verifiedFile{Name: f.Name, Kind: f.Kind, Bytes: f.Bytes, Frames: f.Frames, TornBytes: f.Torn}
		if f.Err != nil {
			file.Error = f.Err.Error()
			v.Problems = append(v.Problems, file.Error)
		}
		v.Files = append(v.Files, file)
	}
	return v
}

// compare recovers the state and looks at what it amounts to.
func (v *verification) compare() (err error) {
	state, err := openState(v.Directory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	if damage := state.Damage(); damage != nil {
		v.Problems = append(v.Problems, damage.Error())
		return nil
	}
	v.ledgers(state)
	imbalances, err := state.Check()
	if err != nil {
		v.Problems = append(v.Problems, err.Error())
		return nil
	}
	v.Compared = true
	for _, i := range imbalances {
		v.Problems = append(v.Problems, fmt.Sprintf("%s: `%s` is %d over all series and %d in history", i.Kind, i.Measure, i.Counted, i.Dated))
	}
	return nil
}

// ledgers notes how many records were received. What became of them adds up to that by
// construction, unless a number is impossible.
func (v *verification) ledgers(state *meter.State) {
	v.Records = map[string]int64{}
	ledgers := state.Status().Ledgers
	for s := range ledgers {
		signal := usage.Signal(s).String()
		v.Records[signal] = ledgers[s].Received()
		for verdict, n := range ledgers[s] {
			if n < 0 {
				v.Problems = append(v.Problems, fmt.Sprintf("ledger of %s: %d records are %s", signal, n, verdictName(usage.Verdict(verdict))))
			}
		}
	}
}

func (e *Environment) writeVerification(v *verification, report *journal.Report) error {
	style := e.styleOf(e.Out)
	if err := kindTable(report).Write(e.Out, style); err != nil {
		return err
	}
	lines := []string{}
	for _, problem := range v.Problems {
		lines = append(lines, style.Alarm(show.Printable(problem)))
	}
	if torn := v.torn(); torn > 0 {
		lines = append(lines, fmt.Sprintf("Torn: %s at the end of a journal were being written when a collector was killed, or are damaged.", show.Bytes(torn)))
	}
	switch {
	case v.Right:
		lines = append(lines, "Everything that was finished is whole, and totals and history agree.")
	case !v.Compared:
		lines = append(lines, fmt.Sprintf("Problems: %d. Totals and history were not compared because of them.", len(v.Problems)))
	default:
		lines = append(lines, fmt.Sprintf("Problems: %d.", len(v.Problems)))
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(e.Out, line); err != nil {
			return err
		}
	}
	return nil
}

// torn is how many bytes could not be read at the ends of journals.
func (v *verification) torn() (bytes int64) {
	for _, f := range v.Files {
		bytes += f.TornBytes
	}
	return bytes
}

func kindTable(report *journal.Report) *show.Table {
	t := &show.Table{Columns: []show.Column{
		{Title: "KIND"}, {Title: "FILES", Number: true}, {Title: "SIZE", Number: true}, {Title: "TORN", Number: true}, {Title: "DAMAGED", Number: true},
	}}
	var all fileKind
	for _, k := range fileKinds(report) {
		t.Rows = append(t.Rows, k.cells())
		all.files, all.bytes, all.torn, all.damaged = all.files+k.files, all.bytes+k.bytes, all.torn+k.torn, all.damaged+k.damaged
	}
	all.name = "TOTAL"
	t.Total = all.cells()
	return t
}

func (k *fileKind) cells() []string {
	return []string{k.name, show.Count(k.files), show.Bytes(k.bytes), show.Bytes(k.torn), show.Count(k.damaged)}
}

// directories lets shells offer directories only.
func directories(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
