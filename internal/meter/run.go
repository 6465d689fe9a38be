package meter

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.uber.org/zap"
)

// now is the wall clock of everything in this package and below it.
func now() time.Time { return time.Now() }

// startFlushing flushes each persistence.interval until the meter closes.
func (m *Meter) startFlushing() {
	m.run.Go(func() {
		ticker := time.NewTicker(m.store.options.Interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				m.store.tick(m.engine)
			case <-m.stop:
				return
			}
		}
	})
}

// lastExport bounds what an exit still does when it stops: its consumer may
// have a queue that waits for a backend that is gone.
const lastExport = 5 * time.Second

// Exit is an instance in a metrics pipeline while it runs: it exports each
// export.interval, and once more when it stops.
type Exit struct {
	meter  *Meter
	next   consumer.Metrics
	cancel context.CancelFunc
	stop   chan struct{}
	done   chan struct{}
}

// StartExit begins to export to next, until Stop.
func (m *Meter) StartExit(next consumer.Metrics) *Exit {
	m.exits.Store(true)
	ctx, cancel := context.WithCancel(context.Background())
	x := &Exit{meter: m, next: next, cancel: cancel, stop: make(chan struct{}), done: make(chan struct{})}
	go x.loop(ctx)
	return x
}

func (x *Exit) loop(ctx context.Context) {
	defer close(x.done)
	ticker := time.NewTicker(x.meter.options.ExportInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			x.export(ctx)
		case <-x.stop:
			x.export(ctx)
			return
		}
	}
}

func (x *Exit) export(ctx context.Context) {
	if err := x.meter.export(ctx, x.next); err != nil {
		x.meter.telemetry.exportFailed()
		x.meter.log.Warn("Usage was not exported; the next export repeats it", zap.Error(err))
	}
}

// Stop exports a last time and returns when the next consumer will not be
// called any more. After lastExport, or when ctx ends, the export is cancelled;
// a consumer that ignores even that is left behind, because it would hold up
// the shutdown of the whole Collector.
func (x *Exit) Stop(ctx context.Context) error {
	defer x.cancel()
	ctx, cancel := context.WithTimeout(ctx, lastExport)
	defer cancel()
	close(x.stop)
	select {
	case <-x.done:
		return nil
	case <-ctx.Done():
	}
	x.cancel()
	select {
	case <-x.done:
		return nil
	case <-time.After(cancelGrace):
		return errors.New("the last export of usage ignores its cancellation: it is left behind")
	}
}

// cancelGrace is how long a consumer has to notice that it was cancelled.
const cancelGrace = time.Second
