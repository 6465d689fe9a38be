package meter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/metadata"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// processorKey is the attribute by which the Collector's own metrics tell one
// processor from another.
const processorKey = "processor"

// telemetry is what a meter says about itself. Counters that the engine keeps
// anyway are read when somebody collects them; counting costs nothing.
//
// All components of a Collector write to the same metrics: every point says whose
// it is.
type telemetry struct {
	builder *metadata.TelemetryBuilder
	id      attribute.KeyValue
	// Attributes that are always the same are put together once.
	signals [usage.Signals]metric.MeasurementOption
	kinds   [usage.Kinds]metric.MeasurementOption
	plain   metric.MeasurementOption // there are no others than id
	// What is said of each batch takes plain as a slice that is there already.
	add    []metric.AddOption
	record []metric.RecordOption
}

func newTelemetry(id component.ID, set component.TelemetrySettings) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, fmt.Errorf("self-telemetry: %w", err)
	}
	t := &telemetry{builder: builder, id: attribute.String(processorKey, id.String())}
	for i := range t.signals {
		t.signals[i] = t.with(attribute.String("signal", usage.Signal(i).String()))
	}
	for i := range t.kinds {
		t.kinds[i] = t.with(attribute.String("kind", usage.Kind(i).String()))
	}
	t.plain = t.with()
	t.add, t.record = []metric.AddOption{t.plain}, []metric.RecordOption{t.plain}
	return t, nil
}

// with are the attributes of a point.
func (t *telemetry) with(attributes ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributes(append(attributes, t.id)...)
}

// observe begins to read what a meter counts anyway.
func (t *telemetry) observe(m *Meter) error {
	err := errors.Join(t.observeEngine(m), t.observeSeries(m), t.observeSessions(m), t.observeDedup(m), t.observePrices(m.prices), t.observeStore(m), t.observeHistory(m))
	if err != nil {
		return fmt.Errorf("self-telemetry: %w", err)
	}
	return nil
}

func (t *telemetry) observeEngine(m *Meter) error {
	// Restored numbers were reported by the process that counted them.
	restored := m.engine.Stats().Ledgers
	return errors.Join(
		t.builder.RegisterUsageRecordsCallback(func(_ context.Context, o metric.Int64Observer) error {
			for i, ledger := range m.engine.Stats().Ledgers {
				t.observeLedger(o, usage.Signal(i), ledger, restored[i])
			}
			return nil
		}),
		t.builder.RegisterUsageRecordsReceivedCallback(func(_ context.Context, o metric.Int64Observer) error {
			for i, ledger := range m.engine.Stats().Ledgers {
				if n := ledger.Received() - restored[i].Received(); n > 0 {
					o.Observe(n, t.signals[i])
				}
			}
			return nil
		}),
	)
}

func (t *telemetry) observeSeries(m *Meter) error {
	return errors.Join(
		t.builder.RegisterUsageSeriesCallback(func(_ context.Context, o metric.Int64Observer) error {
			for kind, n := range m.engine.Stats().Series {
				o.Observe(int64(n), t.kinds[kind])
			}
			return nil
		}),
		t.builder.RegisterUsageSeriesFoldedCallback(func(_ context.Context, o metric.Int64Observer) error {
			for kind, n := range m.engine.Folded() {
				o.Observe(int64(n), t.kinds[kind])
			}
			return nil
		}),
		t.builder.RegisterUsageSeriesCreatedCallback(t.ofKinds(&m.observed.created)),
		t.builder.RegisterUsageSeriesExpiredCallback(t.ofKinds(&m.observed.expired)),
		t.builder.RegisterUsageSeriesFoldsCallback(t.ofKinds(&m.observed.folds)),
	)
}

// ofKinds is a callback that reports the numbers that are not zero.
func (t *telemetry) ofKinds(numbers *byKind) metric.Int64Callback {
	return func(_ context.Context, o metric.Int64Observer) error {
		for kind := range numbers {
			if n := numbers[kind].Load(); n > 0 {
				o.Observe(n, t.kinds[kind])
			}
		}
		return nil
	}
}

func (t *telemetry) observeSessions(m *Meter) error {
	return errors.Join(
		t.builder.RegisterUsageSessionsCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(m.engine.Stats().Sessions), t.plain)
			return nil
		}),
		t.builder.RegisterUsageSessionsUntrackedCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(m.observed.untracked.Load(), t.plain)
			return nil
		}),
	)
}

func (t *telemetry) observeLedger(o metric.Int64Observer, signal usage.Signal, ledger, restored usage.Ledger) {
	for i, n := range ledger {
		if n -= restored[i]; n > 0 {
			v := usage.Verdict(i)
			o.Observe(n, t.with(attribute.String("signal", signal.String()),
				attribute.String("result", v.Result()), attribute.String("reason", v.Reason())))
		}
	}
}

func (t *telemetry) observeDedup(m *Meter) error {
	if m.options.Dedup == nil {
		return nil
	}
	return errors.Join(
		t.builder.RegisterUsageDedupKeysCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(m.engine.DedupStats().Keys), t.plain)
			return nil
		}),
		t.builder.RegisterUsageDedupSizeCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(m.engine.DedupStats().Bytes, t.plain)
			return nil
		}),
		t.builder.RegisterUsageDedupWindowCallback(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(m.effectiveWindow().Seconds(), t.plain)
			return nil
		}),
	)
}

func (t *telemetry) observePrices(p *prices) error {
	if p == nil {
		return nil
	}
	return t.builder.RegisterUsagePricesModelsCallback(func(_ context.Context, o metric.Int64Observer) error {
		table := p.table.Load()
		o.Observe(int64(table.Models()), t.with(attribute.String("source", table.Source())))
		return nil
	})
}

func (t *telemetry) observeStore(m *Meter) error {
	return errors.Join(
		t.builder.RegisterUsageJournalSizeCallback(t.ofStore(m, (*journal.Journal).Size)),
		t.builder.RegisterUsageSnapshotSizeCallback(t.ofStore(m, (*journal.Journal).SnapshotSize)),
	)
}

func (t *telemetry) observeHistory(m *Meter) error {
	return t.builder.RegisterUsageHistoryBucketsCallback(func(_ context.Context, o metric.Int64Observer) error {
		var buckets [usage.Daily + 1]int64
		for _, f := range m.engine.History().Files {
			buckets[f.Granularity]++
		}
		buckets[usage.Hourly] += int64(len(m.engine.OpenHours()))
		for g, n := range buckets {
			o.Observe(n, t.with(attribute.String("granularity", usage.Granularity(g).String())))
		}
		return nil
	})
}

// ofStore is a callback that reports a size while usage is kept.
func (t *telemetry) ofStore(m *Meter, size func(*journal.Journal) int64) metric.Int64Callback {
	return func(_ context.Context, o metric.Int64Observer) error {
		if s := m.store(); s != nil {
			o.Observe(size(s.journal), t.plain)
		}
		return nil
	}
}

// read reports what was odd in a reading that was counted.
func (t *telemetry) read(r *extract.Reading) {
	ctx := context.Background()
	r.BadValues(func(name string, n int64) {
		t.builder.UsageBadValues.Add(ctx, n, t.with(attribute.String("attribute", name)))
	})
	if r.Inconsistent > 0 {
		t.builder.UsageTokensInconsistent.Add(ctx, r.Inconsistent, t.add...)
	}
	if r.Late > 0 {
		t.builder.UsageRecordsLate.Add(ctx, r.Late, t.signals[r.Batch.Signal])
	}
	if r.Assumed > 0 {
		t.builder.UsageTokensAssumed.Add(ctx, r.Assumed, t.add...)
	}
	r.Rejected(func(meter string, n int64) {
		t.builder.UsageMeterRejected.Add(ctx, n, t.with(attribute.String("meter", meter)))
	})
}

func (t *telemetry) refused(signal usage.Signal, records int64) {
	t.builder.UsageRecordsRefused.Add(context.Background(), records, t.signals[signal])
}

// recovered reports what recovery could not bring back.
func (t *telemetry) recovered(d damage) {
	ctx := context.Background()
	if d.tornBytes > 0 {
		t.builder.UsageStateTorn.Add(ctx, d.tornBytes, t.add...)
	}
	if d.files > 0 {
		t.builder.UsageStateDamaged.Add(ctx, int64(d.files), t.add...)
	}
	if d.series {
		t.builder.UsageStateResets.Add(ctx, 1, t.with(attribute.String("scope", "series")))
	}
	if d.identity {
		t.builder.UsageStateResets.Add(ctx, 1, t.with(attribute.String("scope", "identity")))
	}
}

func (t *telemetry) committed(took time.Duration) {
	t.builder.UsageCommitDuration.Record(context.Background(), took.Seconds(), t.record...)
}

func (t *telemetry) flushed(took time.Duration) {
	t.builder.UsageFlushDuration.Record(context.Background(), took.Seconds(), t.record...)
}

func (t *telemetry) flushFailed() {
	t.builder.UsageFlushFailures.Add(context.Background(), 1, t.add...)
}

func (t *telemetry) snapshotTaken(took time.Duration) {
	t.builder.UsageSnapshotDuration.Record(context.Background(), took.Seconds(), t.record...)
}

func (t *telemetry) historyFailed() {
	t.builder.UsageHistoryFailures.Add(context.Background(), 1, t.add...)
}

func (t *telemetry) historyDamaged() {
	t.builder.UsageStateDamaged.Add(context.Background(), 1, t.add...)
}

func (t *telemetry) exportRejected(points int) {
	t.builder.UsageExportRejected.Add(context.Background(), int64(points), t.add...)
}

func (t *telemetry) pricesFailed() {
	t.builder.UsagePricesFailures.Add(context.Background(), 1, t.add...)
}

func (t *telemetry) exportRetried() {
	t.builder.UsageExportRetries.Add(context.Background(), 1, t.add...)
}

func (t *telemetry) exportFailed() {
	t.builder.UsageExportFailures.Add(context.Background(), 1, t.add...)
}

func (t *telemetry) shutdown() { t.builder.Shutdown() }
