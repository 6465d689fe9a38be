package meter

import (
	"io"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// A-R11, X-10: everything at once, while the place changes all the time: each request is
// counted, exported and, in the end, stored once.
func TestSwitchingWhileCounting_A_R11_X_10(t *testing.T) {
	for _, delta := range []bool{false, true} {
		t.Run(strconv.FormatBool(delta), func(t *testing.T) { switchWhileCounting(t, delta) })
	}
}

func switchWhileCounting(t *testing.T, delta bool) {
	t.Helper()
	v := newMover(t, t.TempDir(), func(o *Options) {
		o.Delta, o.ExportInterval, o.Persistence.Interval = delta, 1, 20*time.Millisecond
	})
	sink := newLedger(t, delta, nil)
	x := v.exit(sink)
	stop := make(chan struct{})
	var group sync.WaitGroup
	var mu sync.Mutex // guards served
	begin := func(do func(n int)) {
		group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					do(n)
				}
			}
		})
	}
	for range 4 {
		begin(func(n int) {
			assert.NoError(t, v.Traces(t.Context(), routed(n%10, n%10+3), consumertest.NewNop()))
			mu.Lock()
			defer mu.Unlock()
			v.served += 3
		})
	}
	begin(func(int) { assert.NoError(t, v.outbox.deliver(t.Context(), x, false)) })
	begin(func(int) {
		if err := v.Save(); err != nil {
			assert.ErrorIs(t, err, ErrNotKept)
		}
		if _, err := v.Load(); err != nil {
			assert.ErrorIs(t, err, ErrNotKept)
		}
	})
	begin(func(int) {
		assert.NotEmpty(t, v.Status().Writer)
		assert.NoError(t, v.Export(io.Discard))
		assert.NoError(t, v.View().History(usage.Hourly, 0, 0, func(usage.Period, *usage.HistoryRow) error { return nil }))
		assert.Empty(t, v.ActiveSessions(10))
	})
	for n := range 20 {
		change := PersistenceChange{Enabled: to(n%3 > 0), FilePath: to([]string{"", "a", "b"}[n%3]), Interval: to(time.Duration(10+n%10) * time.Millisecond)}
		assert.NoError(t, v.ReconfigurePersistence(t.Context(), change))
	}
	close(stop)
	group.Wait()

	v.enable()
	v.path("")
	v.export(x)
	v.export(x)
	assert.Equal(t, v.served, sink.total())
	v.total(v.served)
	require.NoError(t, v.Close())
	require.ErrorIs(t, v.ReconfigurePersistence(t.Context(), PersistenceChange{Enabled: to(false)}), ErrNotOpen)
	assert.Equal(t, v.served, v.storedRequests(""))
	require.NoError(t, v.telemetry.Shutdown(t.Context()))
}

// What is acknowledged is stored where usage is kept by then, whenever the process dies.
func TestAcknowledgedOverSwitches_I1(t *testing.T) {
	for _, durability := range []Durability{Write, Sync} {
		v := newMover(t, t.TempDir(), func(o *Options) { o.Persistence.Durability = durability })
		stop, acknowledged := make(chan struct{}), make(chan int64)
		go func() {
			var n int64
			for {
				select {
				case <-stop:
					acknowledged <- n
					return
				case acknowledged <- n:
				default:
					assert.NoError(t, v.Traces(t.Context(), routed(0, 1), consumertest.NewNop()))
					n++
				}
			}
		}()
		for n := range 20 {
			name := "p" + strconv.Itoa(n)
			v.path(name)
			at := <-acknowledged
			assert.GreaterOrEqual(t, v.storedRequests(name), at)
		}
		close(stop)
		<-acknowledged
		v.close()
	}
}
