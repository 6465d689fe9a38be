// Command usagectl shows and manages what the usage processor has counted: of a running
// collector, through its API, or in the state directory of one that is stopped.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
	_ "time/tzdata" // for --timezone, where there are no time zones

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/cli"
)

func main() {
	os.Exit(run())
}

// run returns the exit code.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Run(ctx, &cli.Environment{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Getenv: os.Getenv, Now: time.Now, Version: version(),
	}, os.Args[1:])
}

// version is that of the module, if it was built as one.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
