package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
)

const exportExample = `  # a copy of everything that was counted, to keep or to import elsewhere
  usagectl export usage.json

  # of a collector that is stopped
  usagectl export --directory /var/lib/otelcol/usage usage.json

  # of one processor of several, compressed
  usagectl export --processor usage/llm | gzip > usage.json.gz`

func newExport(e *Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "export [FILE]",
		Short:   "Write everything that was counted as a document that import reads",
		Long:    "Write everything that a collector has counted, history included, as a JSON document that\n`usagectl import` reads. Without FILE, or with -, it goes to standard output. A file is\nwritten whole or not at all; it is readable by its owner only.",
		Example: exportExample,
		Args:    cobra.MaximumNArgs(1),
	}
	c, d := newConnection(e, cmd), newDirectory(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name := standardName
		if len(args) == 1 {
			name = args[0]
		}
		if d.path != "" {
			return e.exportState(d.path, name)
		}
		return c.export(cmd.Context(), name)
	}
	return cmd
}

func (c *connection) export(ctx context.Context, name string) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	answer, err := client.Get(ctx, "usage/export", c.parameters())
	if err != nil {
		return err
	}
	bar := c.environment.progress("export", 0, show.Bytes)
	err = c.environment.writeOutput(name, func(w io.Writer) error {
		_, err := io.Copy(w, bar.Reader(answer))
		return err
	})
	bar.End()
	return errors.Join(err, answer.Close())
}

// exportState writes what a state directory has.
func (e *Environment) exportState(directory, name string) (err error) {
	state, err := openState(directory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	bar := e.progress("export", 0, show.Bytes)
	defer bar.End()
	return e.writeOutput(name, func(w io.Writer) error { return state.Export(bar.Writer(w)) })
}

const importExample = `  # what another collector had counted; of each of its series the most that was known counts,
  # so that importing a file twice changes nothing
  usagectl import usage.json

  gunzip -c usage.json.gz | usagectl import --processor usage/llm -`

func newImport(e *Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "import FILE",
		Short:   "Add what another collector had counted",
		Long:    "Add what a document of `usagectl export` has to what a collector has counted; - reads\nstandard input. It is added to totals and to history, never to exported metrics. It needs\nthe token.",
		Example: importExample,
		Args:    cobra.ExactArgs(1),
	}
	c := newConnection(e, cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return c.importFile(cmd.Context(), args[0]) }
	return cmd
}

func (c *connection) importFile(ctx context.Context, name string) (err error) {
	client, err := c.client()
	if err != nil {
		return err
	}
	document, size, err := c.environment.openInput(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, document.Close()) }()
	bar := c.environment.progress("import", size, show.Bytes)
	defer bar.End()
	return c.merge(ctx, client, "usage/import", bar.Reader(document))
}

// openInput opens a file, or standard input, and returns its size; 0: nobody knows.
func (e *Environment) openInput(name string) (io.ReadCloser, int64, error) {
	if name == standardName {
		return io.NopCloser(e.In), 0, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, misused("%w", err)
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("`%s` is a directory", name)
	}
	if err != nil {
		return nil, 0, errors.Join(misused("%w", err), file.Close())
	}
	return file, info.Size(), nil
}
