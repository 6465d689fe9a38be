package meter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
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

	run  sync.WaitGroup // the goroutines of run.go
	stop chan struct{}  // closed when they have to end
	// exporting is held while an export takes its time and its first part.
	exporting sync.Mutex
	// exported is how many records the last complete export contained.
	exported atomic.Int64
	exits    atomic.Bool // whether there ever was an exit
}

// Open makes a meter and, with persistence, continues from what is stored.
func Open(set Settings, o Options) (*Meter, error) {
	schemas, hasher := &usage.Schemas{}, usage.NewHasher()
	m := &Meter{options: o, log: set.Telemetry.Logger, stop: make(chan struct{})}
	m.extractor = extract.New(extract.Options{
		Endpoints: o.Endpoints, Providers: o.Providers, Schemas: schemas, Hasher: hasher, Layout: o.Layout,
	})
	options := engine.Options{Schemas: schemas, Hasher: hasher, Layout: o.Layout}
	if o.Persistence == nil {
		m.engine = engine.New(options)
		if err := m.begin(set, origin{writer: uuid.NewString()}); err != nil {
			return nil, err
		}
		return m, nil
	}
	store, err := openStore(set, o, schemas)
	if err != nil {
		return nil, err
	}
	options.Journal = store.journal.Append
	m.engine, m.store = engine.New(options), store
	from, err := store.recover(m.engine)
	if err == nil {
		err = m.begin(set, from)
	}
	if err != nil {
		return nil, errors.Join(err, store.journal.Close())
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
	if m.store != nil {
		m.store.telemetry = t
		m.startFlushing()
	}
	return nil
}

// Traces meters a batch of spans and passes it on: extract, forward, commit,
// acknowledge. What the next consumer returns is returned unchanged. If it
// refuses the batch for now, nothing is counted, because the sender will send
// it again. The context does not matter to the commit: the client may be gone
// although the next consumer has accepted its data.
func (m *Meter) Traces(ctx context.Context, td ptrace.Traces, next consumer.Traces) error {
	r := m.extractor.Traces(td, now())
	defer m.extractor.Release(r)
	err := next.ConsumeTraces(ctx, td)
	if err != nil && !consumererror.IsPermanent(err) {
		m.telemetry.refused(r.Batch.Ledger.Received())
		return err
	}
	if failed := m.commit(r); err == nil {
		return failed
	}
	return err
}

// commit counts a reading and returns when it is as durable as promised.
func (m *Meter) commit(r *extract.Reading) error {
	if r.Batch.Ledger.Received() == 0 {
		return nil
	}
	seq := m.engine.Commit(r.Batch, now().UnixNano())
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
	m.exported.Store(counted)
	return nil
}

// beginExport takes the time of an export and copies its first part, which is
// all of it for most. The two belong together: of two exits that export at the
// same moment, the one with the later time must not have the older numbers.
func (m *Meter) beginExport() (at, counted int64, rows []usage.Row, from uint32, more bool) {
	m.exporting.Lock()
	defer m.exporting.Unlock()
	at = m.engine.Tick(now().UnixNano())
	if m.store != nil {
		m.store.journal.Tick(at)
	}
	counted = m.engine.Stats().Ledger[usage.Counted]
	rows, from, more = m.part(nil, 0, at)
	return at, counted, rows, from, more
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

// Close ends the goroutines, writes what is not written yet and lets go of the
// directory. Every user has to have stopped feeding it.
func (m *Meter) Close() error {
	close(m.stop)
	m.run.Wait()
	defer m.telemetry.shutdown()
	if m.store != nil {
		return m.store.close(m.engine)
	}
	if lost := m.engine.Stats().Ledger[usage.Counted] - m.exported.Load(); lost > 0 && m.exits.Load() {
		m.log.Warn("Records were counted after the last export and are not kept: enable `persistence` to export them after the next start", zap.Int64("records", lost))
	}
	return nil
}
