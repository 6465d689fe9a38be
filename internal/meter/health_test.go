package meter

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// witness is a host that notes what it is told. Like that of the Collector, it
// cannot be compared with another one.
type witness struct {
	heard *heard
	_     []int
}

type heard struct {
	mu   sync.Mutex
	told []componentstatus.Status
}

func newWitness() witness { return witness{heard: &heard{}} }

func (w witness) told() []componentstatus.Status {
	w.heard.mu.Lock()
	defer w.heard.mu.Unlock()
	return w.heard.told
}

func (witness) GetExtensions() map[component.ID]component.Component { return nil }

func (w witness) Report(e *componentstatus.Event) {
	w.heard.mu.Lock()
	defer w.heard.mu.Unlock()
	w.heard.told = append(w.heard.told, e.Status())
}

// Every live instance's status says that usage cannot be kept, and that it can
// again; never that all is lost.
func TestHostsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), Write)
		first, late, gone := newWitness(), newWitness(), newWitness()
		b.Join(first)
		b.Join(gone)()
		b.request(t)
		assert.Empty(t, first.told())
		b.disk.FailNow(true)
		b.request(t)
		b.request(t)
		b.Join(late)
		time.Sleep(time.Minute)
		b.disk.Heal()
		time.Sleep(time.Minute)
		want := []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}
		assert.Equal(t, want, first.told())
		assert.Equal(t, want, late.told())
		assert.Empty(t, gone.told())
		require.NoError(t, b.close(t))
	})
}

// A failed disk is cured soon after it is back, however long the interval is.
func TestCureIsTriedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), Write)
		b.disk.FailNow(false)
		b.request(t)
		assert.True(t, b.failing())
		time.Sleep(firstRetry)
		synctest.Wait()
		assert.False(t, b.failing())
		require.NoError(t, b.close(t))
	})
}

// With on_error: refuse, data is refused before it is passed on until all that
// is in memory is written; what came before counts once when it comes again.
func TestRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, durability := range []Durability{Interval, Write, Sync} {
			dir := t.TempDir()
			b := newBench(t, dir, durability)
			b.store().options.Refuse = true
			sink := new(consumertest.TracesSink)
			b.disk.FailNow(true)
			inDoubt := spans(1)
			err := b.Traces(t.Context(), inDoubt, sink)
			if durability == Interval {
				require.NoError(t, err)
				require.Error(t, b.store().flush())
			} else {
				require.ErrorIs(t, err, filestest.ErrFault)
				assert.False(t, consumererror.IsPermanent(err), "the sender has to try again")
			}
			for range 3 {
				err := b.Traces(t.Context(), inDoubt, sink)
				require.ErrorContains(t, err, "`persistence.on_error` is `refuse`")
				assert.False(t, consumererror.IsPermanent(err))
				require.Error(t, b.Traces(t.Context(), spans(2), sink))
			}
			assert.Equal(t, 1, sink.SpanCount(), "refused before it is passed on")
			assert.Equal(t, int64(6), b.refused(t))
			b.disk.Heal()
			time.Sleep(20 * time.Second)
			require.NoError(t, b.Traces(t.Context(), inDoubt, sink))
			require.NoError(t, b.Traces(t.Context(), spans(2), sink))
			assert.Equal(t, usage.Ledger{usage.Counted: 2, usage.Duplicate: 1}, b.engine.Stats().Ledgers[usage.Traces])
			require.NoError(t, b.close(t))

			again := newBench(t, dir, durability)
			assert.Equal(t, usage.Ledger{usage.Counted: 2, usage.Duplicate: 1}, again.engine.Stats().Ledgers[usage.Traces])
			require.NoError(t, again.close(t))
		}
	})
}

// spans is a batch of one span with a key of its own.
func spans(id byte) ptrace.Traces {
	td := request()
	s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	s.SetTraceID(pcommon.TraceID{id})
	s.SetSpanID(pcommon.SpanID{id})
	return td
}

func (b *bench) refused(t *testing.T) int64 {
	t.Helper()
	m, err := b.telemetry.GetMetric("otelcol.usage.records.refused")
	require.NoError(t, err)
	return m.Data.(metricdata.Sum[int64]).DataPoints[0].Value
}

// In `sync` no batch is acknowledged before a sync that began after it was
// written; one sync serves many.
func TestSyncGroups_A_F11(t *testing.T) {
	const senders, batches = 64, 20
	b := newBench(t, t.TempDir(), Sync)
	before := b.disk.Syncs()
	var wg sync.WaitGroup
	var failed sync.Map
	for range senders {
		wg.Go(func() {
			for range batches {
				if err := b.Traces(context.Background(), request(), consumertest.NewNop()); err != nil {
					failed.Store(err, true)
				}
			}
		})
	}
	wg.Wait()
	failed.Range(func(err, _ any) bool { t.Error(err); return true })
	syncs := b.disk.Syncs() - before
	t.Logf("%d syncs for %d batches", syncs, senders*batches)
	assert.Positive(t, syncs)
	assert.Less(t, syncs, senders*batches/2)
	require.NoError(t, b.close(t))
}

// A resend is not acknowledged before its original is durable.
func TestResendWaitsForItsOriginal_I1(t *testing.T) {
	b := newBench(t, t.TempDir(), Sync)
	b.disk.FailNow(true)
	b.store().options.Refuse = true
	original := spans(1)
	require.Error(t, b.Traces(t.Context(), original, consumertest.NewNop()))
	b.store().health.failing.Store(false) // as if it had got in just before
	err := b.Traces(t.Context(), original, consumertest.NewNop())
	require.Error(t, err)
	assert.False(t, errors.Is(err, ErrNotOpen))
	b.disk.Heal()
	require.NoError(t, b.close(t))
}
