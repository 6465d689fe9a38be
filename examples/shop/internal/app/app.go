// Package app puts the shop together and takes it apart in order.
package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/otelusage/usageprocessor/examples/shop/internal/telemetry"
)

// ExporterFunc makes the exporter of one service.
type ExporterFunc func(ctx context.Context, service string) (sdktrace.SpanExporter, error)

// App is a running shop.
type App struct {
	exporter ExporterFunc
	url      string
	steps    []func(context.Context) error // undone last to first
	services []*telemetry.Telemetry
}

// Start runs all services on free loopback ports.
func Start(ctx context.Context, exporter ExporterFunc) (*App, error) {
	app := &App{exporter: exporter}
	if err := app.start(ctx); err != nil {
		return nil, errors.Join(err, app.Stop(ctx))
	}
	return app, nil
}

// URL is where the customers go.
func (a *App) URL() string { return a.url }

// Stop undoes Start in reverse, callers before the called. Telemetry is last, all at once: a receiver that does not
// answer must not cost its timeout five times.
func (a *App) Stop(ctx context.Context) error {
	var errs []error
	for _, step := range slices.Backward(a.steps) {
		errs = append(errs, step(ctx))
	}
	errs = append(errs, a.flush(ctx)...)
	a.steps, a.services = nil, nil
	return errors.Join(errs...)
}

func (a *App) flush(ctx context.Context) []error {
	errs := make([]error, len(a.services))
	var flushing sync.WaitGroup
	for i, tel := range a.services {
		flushing.Go(func() { errs[i] = tel.Shutdown(ctx) })
	}
	flushing.Wait()
	return errs
}

func (a *App) onStop(step func(context.Context) error) { a.steps = append(a.steps, step) }

func (a *App) telemetry(ctx context.Context, service string) (*telemetry.Telemetry, error) {
	exporter, err := a.exporter(ctx, service)
	if err != nil {
		return nil, fmt.Errorf("exporter of %s: %w", service, err)
	}
	tel := telemetry.New(service, exporter)
	a.services = append(a.services, tel)
	return tel, nil
}
