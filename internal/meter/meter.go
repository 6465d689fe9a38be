package meter

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/emit"
	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// scopeName is the instrumentation scope of everything exported.
const scopeName = "github.com/otelusage/usageprocessor"

// Meter is the open engine of one component.
type Meter struct {
	id        component.ID
	version   string // of the Collector
	options   Options
	schemas   *usage.Schemas
	log       *zap.Logger
	extractor *extract.Extractor
	engine    *engine.Engine
	emitter   *emit.Emitter
	telemetry *telemetry
	prices    *prices // nil when only reported costs count
	clock     clock
	observed  observed
	paused    atomic.Bool
	keeping   keeping
	// steady is held for reading while what was counted is shown as a whole: series end,
	// and history changes its form, only while nobody does. Who waits for it does so before
	// keeping.writing is taken.
	steady sync.RWMutex
	// unsaved is how many snapshots there have to be until what is in no journal, such as
	// the list of files, is safe; keeping.writing guards it.
	unsaved int
	// relist says that what was dropped when persistence was disabled may be listed again:
	// nothing was reset since. keeping.writing guards it.
	relist bool

	run    sync.WaitGroup // the goroutines of run.go
	stop   chan struct{}  // closed when they have to end
	outbox outbox
	warned warned
}

// Open makes a meter and, with persistence, continues from what is stored.
func Open(set Settings, o Options) (*Meter, error) {
	schemas, hasher := &usage.Schemas{}, usage.NewHasher()
	m := &Meter{id: set.ID, version: set.BuildInfo.Version, options: o, schemas: schemas, log: set.Telemetry.Logger, stop: make(chan struct{})}
	m.keeping.init(&m.options, m.log)
	m.outbox = outbox{meter: m, exits: map[string]*Exit{}}
	prices, err := openPrices(o.Prices, m.log)
	if err != nil {
		return nil, err
	}
	m.prices = prices
	dialects, err := o.Dialects()
	if err != nil {
		return nil, err
	}
	meters, err := o.ownMeters()
	if err != nil {
		return nil, err
	}
	if m.telemetry, err = newTelemetry(set.ID, set.Telemetry); err != nil {
		return nil, err
	}
	options := engine.Options{
		Schemas: schemas, Hasher: hasher, Layout: o.Layout, Calendar: o.History.calendar(), Dedup: o.Dedup.window(), Since: now().UnixNano(),
		Limits: engine.Limits{MaxSeries: o.MaxSeries}, Retention: int64(o.Retention),
		SessionTTL: int64(o.Sessions.TTL), MaxSessions: o.Sessions.Max,
		Budgets: o.budgets(), Observer: &m.observed,
	}
	m.engine = engine.New(options)
	from, err := m.openState(meters)
	if err != nil {
		return nil, err
	}
	m.clock = from.clock
	m.engine.BeginExpiry(m.clock.moment())
	m.extractor = extract.New(extract.Options{
		Endpoints: o.Endpoints, Providers: o.Providers, Schemas: schemas, Hasher: hasher, Layout: o.Layout, MaxValueLength: o.MaxValueLength,
		Dialects: dialects.Files, Signals: dialects.Signals, Prices: m.prices.functions(), Meters: meters, Calendar: o.History.calendar(), Dedup: o.Dedup.keys(), Secret: from.secret,
	})
	if err := m.begin(set, from); err != nil {
		return nil, errors.Join(err, m.closeState())
	}
	return m, nil
}

// begin finishes Open: what remains needs the state.
func (m *Meter) begin(set Settings, from origin) error {
	m.emitter = emit.New(emit.Options{
		Resource:     set.Telemetry.Resource,
		Writer:       from.writer,
		ScopeName:    scopeName,
		ScopeVersion: set.BuildInfo.Version,
		Layout:       m.options.Layout,
		LayoutSince:  from.layoutSince,
	})
	if err := m.telemetry.observe(m); err != nil {
		m.telemetry.shutdown()
		return err
	}
	m.telemetry.recovered(from.damage)
	m.startUpkeep()
	return nil
}

// Join adds the host of an instance, which is told whether usage can be kept,
// until leave is called.
func (m *Meter) Join(host component.Host) (leave func()) {
	return m.keeping.health.join(host)
}

// Traces meters a batch of spans and passes it on: extract, forward, commit,
// acknowledge. What the next consumer returns is returned unchanged. If it
// refuses the batch for now, nothing is counted, because the sender will send
// it again. The context does not matter to the commit: the client may be gone
// although the next consumer has accepted its data.
func (m *Meter) Traces(ctx context.Context, td ptrace.Traces, next consumer.Traces) error {
	if err := m.admit(usage.Traces, td.SpanCount); err != nil {
		return err
	}
	r := m.extractor.Traces(td, now())
	defer m.extractor.Release(r)
	return m.settle(r, next.ConsumeTraces(ctx, td))
}

// Logs meters a batch of log records and passes it on.
func (m *Meter) Logs(ctx context.Context, ld plog.Logs, next consumer.Logs) error {
	if err := m.admit(usage.Logs, ld.LogRecordCount); err != nil {
		return err
	}
	r := m.extractor.Logs(ld, now())
	defer m.extractor.Release(r)
	return m.settle(r, next.ConsumeLogs(ctx, ld))
}

// Metrics meters a batch of data points and passes it on.
func (m *Meter) Metrics(ctx context.Context, md pmetric.Metrics, next consumer.Metrics) error {
	if err := m.admit(usage.Metrics, md.DataPointCount); err != nil {
		return err
	}
	r := m.extractor.Metrics(md, now())
	defer m.extractor.Release(r)
	return m.settle(r, next.ConsumeMetrics(ctx, md))
}

// admit refuses a batch before anything is done with it, if its usage could not
// be kept and that matters.
func (m *Meter) admit(signal usage.Signal, records func() int) error {
	s := m.store()
	if s == nil {
		return nil
	}
	err := s.admit()
	if err != nil {
		m.telemetry.refused(signal, int64(records()))
	}
	return err
}

// settle counts a reading unless the next consumer has refused the batch for
// now, and returns what its sender has to know.
func (m *Meter) settle(r *extract.Reading, forwarded error) error {
	if forwarded != nil && !consumererror.IsPermanent(forwarded) {
		m.telemetry.refused(r.Batch.Signal, r.Batch.Ledger.Received())
		return forwarded
	}
	if failed := m.commit(r); forwarded == nil {
		return failed
	}
	return forwarded
}

// commit counts a reading and returns when it is as durable as promised.
func (m *Meter) commit(r *extract.Reading) error {
	if r.Batch.Ledger.Received() == 0 {
		return nil
	}
	if m.paused.Load() {
		r.Batch.Pause()
	} else {
		m.telemetry.read(r)
	}
	begin := m.clock.moment()
	defer func() { m.telemetry.committed(time.Duration(m.clock.moment().Age - begin.Age)) }()
	seq := m.engine.Commit(r.Batch, begin)
	m.tellCrossings()
	return m.acknowledge(seq)
}

// upkeep is what happens now and then while the meter is open.
func (m *Meter) upkeep() {
	m.packKeys()
	m.expire()
	m.warnOfFolding()
	if m.prices.refresh() {
		m.telemetry.pricesFailed()
	}
	m.withStore(func(s *store) {
		if s.tick(m.engine) {
			m.saved()
		}
	})
	m.keepHistory()
}

// Close ends the goroutines, writes what is not written yet and lets go of the
// directory. Every user has to have stopped feeding it.
func (m *Meter) Close() error {
	close(m.stop)
	m.keeping.interrupt()
	m.run.Wait()
	defer m.telemetry.shutdown()
	err := m.closeState()
	if m.store() != nil {
		return err
	}
	if lost := m.engine.Stats().Ledgers.Counted() - m.outbox.exported.Load(); lost > 0 && m.outbox.used() {
		m.log.Warn("Records were counted after the last export and are not kept: enable `persistence` to export them after the next start", zap.Int64("records", lost))
	}
	return nil
}
