package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/otelusage/usageprocessor/examples/quickstart/internal/child"
)

const (
	startTimeout = 30 * time.Second
	// shopGrace is above the time that the shop gives its own flush.
	shopGrace = 10 * time.Second
	// collectorGrace is above the last export (5 s) and the last flush of the state.
	collectorGrace = 20 * time.Second
)

// launcher owns the two children and their log.
type launcher struct {
	options
	out   io.Writer
	log   *logFile
	state string // absolute
}

// run returns nil after an orderly stop, which the end of ctx asks for.
func run(ctx context.Context, opts options, out io.Writer) error {
	if opts.interval <= 0 {
		return fmt.Errorf("-interval must be positive, not %s", opts.interval)
	}
	state, err := filepath.Abs(opts.stateDir)
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	if err := checkFree(opts.ports); err != nil {
		return err
	}
	log, err := openLog(filepath.Join(filepath.Dir(state), "quickstart.log"))
	if err != nil {
		return err
	}
	l := &launcher{options: opts, out: out, log: log, state: state}
	l.announce()
	return errors.Join(l.runCollector(ctx), log.Close())
}

func (l *launcher) announce() {
	fmt.Fprintf(l.out, "Collector and shop log to %s\n", l.log.path)
	fmt.Fprintf(l.out, "Usage is kept in         %s\n", l.state)
	if _, err := os.Stat(l.state); err == nil {
		fmt.Fprintln(l.out, "It exists already: the numbers go on from the last run. Delete it to start from zero.")
	} else {
		fmt.Fprintln(l.out, "Stop with Ctrl-C and start again: the numbers go on from where they were.")
	}
	fmt.Fprintf(l.out, "Prometheus metrics       %s\n", l.metrics)
	fmt.Fprintf(l.out, "Look at it               %s\n", l.page)
}

// runCollector stops the Collector after everything that sends to it.
func (l *launcher) runCollector(ctx context.Context) error {
	collector, err := child.Start("collector", l.command(l.collector, "--config", l.config))
	if err != nil {
		return err
	}
	err = awaitListening(ctx, l.otlp, startTimeout, collector.Done())
	if err == nil {
		err = l.runShop(ctx, collector)
	}
	switch {
	case errors.Is(err, errEnded):
		err = l.exited(collector)
	case errors.Is(err, context.Canceled):
		err = nil
	}
	return errors.Join(err, collector.Stop(collectorGrace))
}

func (l *launcher) runShop(ctx context.Context, collector *child.Child) error {
	shop, err := child.Start("shop", l.command(l.shop, "-endpoint", l.otlp))
	if err != nil {
		return err
	}
	err = l.watch(ctx, collector, shop)
	if err == nil {
		fmt.Fprintln(l.out, "\nStopping the shop, then the Collector.")
	}
	return errors.Join(err, shop.Stop(shopGrace))
}

// watch prints until ctx ends, which is no error, or a child does, which is.
func (l *launcher) watch(ctx context.Context, collector, shop *child.Child) error {
	page := newPage(l.metrics)
	defer page.close()
	ticker := time.NewTicker(l.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-collector.Done():
			return l.exited(collector)
		case <-shop.Done():
			return l.exited(shop)
		case now := <-ticker.C:
			page.print(ctx, l.out, now)
		}
	}
}

// exited takes the end of the log at once, before the other child adds its own trouble, and says what is going on,
// because stopping that one can take a while.
func (l *launcher) exited(c *child.Child) error {
	err := fmt.Errorf("%w; the end of the log:\n%s", c.Exited(), l.log.tail())
	fmt.Fprintf(l.out, "\nThe %s has exited, stopping the rest.\n", c.Name())
	return err
}

// command hands the absolute state directory on, so that it does not depend on where the Collector is started.
func (l *launcher) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "USAGE_STATE_DIR="+l.state)
	cmd.Stdout, cmd.Stderr = l.log.file, l.log.file
	return cmd
}
