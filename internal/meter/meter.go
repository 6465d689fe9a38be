package meter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

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
	options   Options
	log       *zap.Logger
	extractor *extract.Extractor
	engine    *engine.Engine
	store     *store // nil when nothing is kept
	emitter   *emit.Emitter
	telemetry *telemetry
	prices    *prices // nil when only reported costs count
	clock     clock

	run     sync.WaitGroup // the goroutines of run.go
	stop    chan struct{}  // closed when they have to end
	outbox  outbox
	evicted uint64 // from the dedup window, as far as the log knows
}

// Open makes a meter and, with persistence, continues from what is stored.
func Open(set Settings, o Options) (*Meter, error) {
	schemas, hasher := &usage.Schemas{}, usage.NewHasher()
	m := &Meter{options: o, log: set.Telemetry.Logger, stop: make(chan struct{})}
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
	options := engine.Options{Schemas: schemas, Hasher: hasher, Layout: o.Layout, Dedup: o.Dedup.window(), Since: now().UnixNano()}
	from := newOrigin()
	if o.Persistence == nil {
		m.engine = engine.New(options)
	} else {
		store, err := openStore(set, o, schemas)
		if err != nil {
			return nil, err
		}
		options.Journal, options.JournalWindow = store.journal.Append, store.journal.AppendWindow
		m.engine, m.store = engine.New(options), store
		if from, err = store.recover(m.engine); err != nil {
			return nil, errors.Join(err, store.journal.Close())
		}
	}
	m.clock = from.clock
	m.extractor = extract.New(extract.Options{
		Endpoints: o.Endpoints, Providers: o.Providers, Schemas: schemas, Hasher: hasher, Layout: o.Layout,
		Dialects: dialects.Files, Signals: dialects.Signals, Prices: m.prices.functions(), Dedup: o.Dedup.keys(), Secret: from.secret,
	})
	if err := m.begin(set, from); err != nil {
		return nil, errors.Join(err, m.closeStore())
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
	t, err := newTelemetry(set.Telemetry, m)
	if err != nil {
		return fmt.Errorf("self-telemetry: %w", err)
	}
	m.telemetry = t
	t.recovered(from.damage)
	if m.store != nil {
		m.store.telemetry = t
	}
	m.startUpkeep()
	return nil
}

// Join adds the host of an instance, which is told whether usage can be kept,
// until leave is called.
func (m *Meter) Join(host component.Host) (leave func()) {
	if m.store == nil {
		return func() {}
	}
	return m.store.health.join(host)
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
	if m.store == nil {
		return nil
	}
	err := m.store.admit()
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
	seq := m.engine.Commit(r.Batch, m.clock.moment())
	m.telemetry.read(r)
	if m.store == nil {
		return nil
	}
	return m.store.acknowledge(seq)
}

// export sends everything counted so far to next, in parts that carry one
// timestamp. Durable before visible: nothing is sent that recovery would not
// restore, so that a counter can never be seen to go backwards.
func (m *Meter) export(ctx context.Context, next consumer.Metrics) error {
	at, counted, rows, from, more := m.beginExport()
	for len(rows) > 0 {
		// A consumer that ignored the end of the context returns some day: it may
		// be gone by then and must not be called again.
		if err := ctx.Err(); err != nil {
			return err
		}
		if m.store != nil {
			if err := m.store.flush(); err != nil {
				return fmt.Errorf("not exported before it is stored: %w", err)
			}
		}
		if err := next.ConsumeMetrics(ctx, m.emitter.Metrics(rows, at)); err != nil {
			return err
		}
		if !more {
			break
		}
		rows, from, more = m.part(rows[:0], from, at)
	}
	m.outbox.exported.Store(counted)
	return nil
}

// beginExport takes the time of an export and copies its first part, which is
// all of it for most. The two belong together: of two exits that export at the
// same moment, the one with the later time must not have the older numbers.
func (m *Meter) beginExport() (at, counted int64, rows []usage.Row, from uint32, more bool) {
	m.outbox.mu.Lock()
	defer m.outbox.mu.Unlock()
	at = m.tick().Wall
	counted = m.engine.Stats().Ledgers.Counted()
	rows, from, more = m.part(nil, 0, at)
	return at, counted, rows, from, more
}

// tick takes the time of an export.
func (m *Meter) tick() usage.Moment {
	at := m.engine.Tick(m.clock.moment())
	if m.store != nil {
		m.store.journal.Tick(at)
	}
	return at
}

// part copies the series of one part of an export. Those that have begun after
// its time belong to the next one.
func (m *Meter) part(rows []usage.Row, from uint32, at int64) (out []usage.Row, next uint32, more bool) {
	out, next, more = m.engine.Rows(rows, from, rowsPerExport)
	return slices.DeleteFunc(out, func(r usage.Row) bool { return r.Start > at }), next, more
}

// rowsPerExport bounds what an export holds in memory and how long it holds up
// commits; each part costs a sync at most.
const rowsPerExport = 4096

// upkeep is what happens now and then while the meter is open.
func (m *Meter) upkeep() {
	m.packKeys()
	if m.prices.refresh() {
		m.telemetry.pricesFailed()
	}
	if m.store != nil {
		m.store.tick(m.engine)
	}
}

func (m *Meter) failing() bool { return m.store != nil && m.store.health.failing.Load() }

// Close ends the goroutines, writes what is not written yet and lets go of the
// directory. Every user has to have stopped feeding it.
func (m *Meter) Close() error {
	close(m.stop)
	m.run.Wait()
	defer m.telemetry.shutdown()
	if m.store != nil {
		return m.closeStore()
	}
	if lost := m.engine.Stats().Ledgers.Counted() - m.outbox.exported.Load(); lost > 0 && m.outbox.used() {
		m.log.Warn("Records were counted after the last export and are not kept: enable `persistence` to export them after the next start", zap.Int64("records", lost))
	}
	return nil
}

func (m *Meter) closeStore() error {
	if m.store == nil {
		return nil
	}
	return m.store.close(m.engine)
}
