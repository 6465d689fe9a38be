package meter

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// now is the wall clock of everything in this package and below it.
func now() time.Time { return time.Now() }

// clock tells both times. Ages run on the monotonic clock while the process
// runs; while none did, they grew by what the wall clock says, if it went on.
type clock struct {
	age   int64 // when the meter was opened, ns
	since time.Time
}

// newClock goes on from the newest moment that was given out.
func newClock(last usage.Moment) clock {
	c := clock{age: last.Age, since: now()}
	if asleep := c.since.UnixNano() - last.Wall; last.Wall > 0 && asleep > 0 {
		c.age = usage.AddSaturating(c.age, asleep)
	}
	return c
}

func (c clock) moment() usage.Moment {
	t := now()
	return usage.Moment{Wall: t.UnixNano(), Age: usage.AddSaturating(c.age, int64(t.Sub(c.since)))}
}

// wait returns after a while, or why it should not be waited any longer.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

const (
	// tidyInterval is how often a meter without persistence looks after itself.
	tidyInterval = 10 * time.Second
	// firstRetry is how soon a failed write is cured, if it can be; then the
	// pauses double, up to the interval.
	firstRetry = time.Second
)

// startUpkeep flushes each persistence.interval until the meter closes, sooner
// when the journal has become too long, and keeps trying while that fails.
func (m *Meter) startUpkeep() {
	m.run.Go(func() {
		timer := time.NewTimer(m.interval())
		defer timer.Stop()
		retry := firstRetry
		for {
			select {
			case <-timer.C:
				m.upkeep()
			case <-m.keeping.due:
				m.upkeep()
			case <-m.keeping.health.broke:
				retry = firstRetry
			case <-m.keeping.changed:
				retry = firstRetry
			case <-m.stop:
				return
			}
			pause := m.interval()
			if m.failing() {
				pause = min(retry, pause)
				retry = 2 * pause
			}
			timer.Reset(pause)
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
	failed bool // whether the last export did; of its own goroutine

	// outbox.mu guards the rest.
	name string // the same over restarts
	gone bool   // it has stopped, or was left behind
	seq  uint64 // newest commit in a whole cumulative export
}

// StartExit begins to export to next, until Stop.
func (m *Meter) StartExit(host component.Host, next consumer.Metrics) *Exit {
	ctx, cancel := context.WithCancel(context.Background())
	x := &Exit{meter: m, next: next, cancel: cancel, stop: make(chan struct{}), done: make(chan struct{})}
	m.outbox.join(x, pipelineOf(host))
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
			x.export(ctx, false)
		case <-x.stop:
			x.export(ctx, true)
			return
		}
	}
}

func (x *Exit) export(ctx context.Context, last bool) {
	if x.failed {
		x.meter.telemetry.exportRetried()
	}
	err := x.meter.outbox.deliver(ctx, x, last)
	if x.failed = err != nil; !x.failed {
		return
	}
	x.meter.telemetry.exportFailed()
	// While usage cannot be written the log says so already, now and then.
	if !x.meter.failing() {
		x.meter.log.Warn("Usage was not exported; the next export repeats it", zap.Error(err))
	}
}

// Stop exports a last time and returns when the next consumer will not be
// called any more. After lastExport, or when ctx ends, the export is cancelled;
// a consumer that ignores even that is left behind, because it would hold up
// the shutdown of the whole Collector.
func (x *Exit) Stop(ctx context.Context) error {
	defer x.cancel()
	defer x.meter.outbox.leave(x)
	ctx, cancel := context.WithTimeout(ctx, lastExport)
	defer cancel()
	close(x.stop)
	x.meter.keeping.interrupt()
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
