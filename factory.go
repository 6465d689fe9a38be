package usageprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"

	"github.com/otelusage/usageprocessor/internal/metadata"
	"github.com/otelusage/usageprocessor/internal/meter"
)

// NewFactory returns a factory for the processor `usage`. The instances that
// one factory makes for one component ID share a meter.
func NewFactory() processor.Factory {
	f := &factory{shared: meter.NewShared()}
	return processor.NewFactory(metadata.Type, createDefaultConfig,
		processor.WithTraces(f.createTraces, metadata.TracesStability),
		processor.WithLogs(f.createLogs, metadata.LogsStability),
		processor.WithMetrics(f.createMetrics, metadata.MetricsStability),
	)
}

type factory struct{ shared *meter.Shared }

func (f *factory) createTraces(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	return &tracesProcessor{instance: f.instance(set, cfg), next: next}, nil
}

func (f *factory) createLogs(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	return &logsProcessor{instance: f.instance(set, cfg), next: next}, nil
}

func (f *factory) createMetrics(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	f.shared.ExpectExit(set.ID)
	return &metricsProcessor{instance: f.instance(set, cfg), next: next}, nil
}

func (f *factory) instance(set processor.Settings, cfg component.Config) instance {
	return instance{
		shared:   f.shared,
		config:   cfg.(*Config),
		settings: meter.Settings{ID: set.ID, BuildInfo: set.BuildInfo, Telemetry: set.TelemetrySettings},
	}
}
