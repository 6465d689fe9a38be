package meter

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/metadata"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// telemetry is what a meter says about itself. Counters that the engine keeps
// anyway are read when somebody collects them; counting costs nothing.
type telemetry struct {
	builder *metadata.TelemetryBuilder
	traces  metric.MeasurementOption
}

func newTelemetry(set component.TelemetrySettings, m *Meter) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	t := &telemetry{builder: builder, traces: metric.WithAttributes(attribute.String("signal", "traces"))}
	// Restored numbers were reported by the process that counted them.
	restored := m.engine.Stats().Ledger
	err = errors.Join(
		builder.RegisterUsageRecordsCallback(func(_ context.Context, o metric.Int64Observer) error {
			observeLedger(o, m.engine.Stats().Ledger, restored)
			return nil
		}),
		builder.RegisterUsageRecordsReceivedCallback(func(_ context.Context, o metric.Int64Observer) error {
			ledger := m.engine.Stats().Ledger
			o.Observe(ledger.Received()-restored.Received(), t.traces)
			return nil
		}),
		builder.RegisterUsageSeriesCallback(func(_ context.Context, o metric.Int64Observer) error {
			for kind, n := range m.engine.Stats().Series {
				o.Observe(int64(n), metric.WithAttributes(attribute.String("kind", usage.Kind(kind).String())))
			}
			return nil
		}),
	)
	if m.store != nil {
		err = errors.Join(err, t.observeStore(m.store))
	}
	if err != nil {
		builder.Shutdown()
		return nil, err
	}
	return t, nil
}

func observeLedger(o metric.Int64Observer, ledger, restored usage.Ledger) {
	for i, n := range ledger {
		if n -= restored[i]; n > 0 {
			v := usage.Verdict(i)
			o.Observe(n, metric.WithAttributes(attribute.String("signal", "traces"),
				attribute.String("result", v.Result()), attribute.String("reason", v.Reason())))
		}
	}
}

func (t *telemetry) observeStore(s *store) error {
	return errors.Join(
		t.builder.RegisterUsageJournalSizeCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(s.journal.Size())
			return nil
		}),
		t.builder.RegisterUsageSnapshotSizeCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(s.journal.SnapshotSize())
			return nil
		}),
	)
}

// read reports what was odd in a reading that was counted.
func (t *telemetry) read(r *extract.Reading) {
	ctx := context.Background()
	r.BadValues(func(name string, n int64) {
		t.builder.UsageBadValues.Add(ctx, n, metric.WithAttributes(attribute.String("attribute", name)))
	})
	if r.Inconsistent > 0 {
		t.builder.UsageTokensInconsistent.Add(ctx, r.Inconsistent)
	}
}

func (t *telemetry) refused(records int64) {
	t.builder.UsageRecordsRefused.Add(context.Background(), records, t.traces)
}

func (t *telemetry) flushed(d time.Duration) {
	t.builder.UsageFlushDuration.Record(context.Background(), d.Seconds())
}

func (t *telemetry) flushFailed() { t.builder.UsageFlushFailures.Add(context.Background(), 1) }

func (t *telemetry) exportFailed() { t.builder.UsageExportFailures.Add(context.Background(), 1) }

func (t *telemetry) shutdown() { t.builder.Shutdown() }
