package usageprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/meter"
)

// instance is what the processors of all signals have in common: a share in
// the meter between Start and Shutdown, and a gate for the data in between.
type instance struct {
	shared   *meter.Shared
	config   *Config
	settings meter.Settings
	gate     meter.Gate
	meter    *meter.Meter // since Start
	leave    func()       // since Start: tell the host nothing any more
	running  bool         // between Start and Shutdown
}

// Capabilities says that data leaves as it came.
func (*instance) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// Start opens the meter, or joins it if another instance has opened it.
func (i *instance) Start(_ context.Context, host component.Host) error {
	i.settings.Host = host
	options, err := i.config.options(i.settings)
	if err != nil {
		return err
	}
	if i.meter, err = i.shared.Acquire(i.settings, options); err != nil {
		return err
	}
	i.leave = i.meter.Join(host)
	i.running = true
	i.gate.Open()
	return nil
}

// Shutdown waits for the data that is inside and leaves the meter; the last
// instance to leave closes it. Without Start, or a second time, it does nothing.
func (i *instance) Shutdown(ctx context.Context) error {
	if !i.running {
		return nil
	}
	i.running = false
	waited := i.gate.Close(ctx)
	i.leave()
	return errors.Join(waited, i.shared.Release(i.settings.ID))
}

// tracesProcessor meters spans.
type tracesProcessor struct {
	instance
	next consumer.Traces
}

// ConsumeTraces meters a batch and passes it on unchanged.
func (p *tracesProcessor) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if err := p.gate.Enter(); err != nil {
		return err
	}
	defer p.gate.Leave()
	return p.meter.Traces(ctx, td, p.next)
}

// logsProcessor meters log records.
type logsProcessor struct {
	instance
	next consumer.Logs
}

// ConsumeLogs meters a batch and passes it on unchanged.
func (p *logsProcessor) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if err := p.gate.Enter(); err != nil {
		return err
	}
	defer p.gate.Leave()
	return p.meter.Logs(ctx, ld, p.next)
}

// metricsProcessor meters data points and is an exit: usage leaves through
// it, between its Start and its Shutdown.
type metricsProcessor struct {
	instance
	next consumer.Metrics
	exit *meter.Exit
}

// Start begins to export.
func (p *metricsProcessor) Start(ctx context.Context, host component.Host) error {
	if err := p.instance.Start(ctx, host); err != nil {
		return err
	}
	p.exit = p.meter.StartExit(host, p.next)
	return nil
}

// Shutdown exports a last time.
func (p *metricsProcessor) Shutdown(ctx context.Context) error {
	var stopped error
	if p.exit != nil {
		stopped = p.exit.Stop(ctx)
		p.exit = nil
	}
	return errors.Join(stopped, p.instance.Shutdown(ctx))
}

// ConsumeMetrics meters a batch and passes it on unchanged.
func (p *metricsProcessor) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if err := p.gate.Enter(); err != nil {
		return err
	}
	defer p.gate.Leave()
	return p.meter.Metrics(ctx, md, p.next)
}
