package meter

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// reply is the next consumer of one batch: what it answers, and what it got.
type reply struct {
	ctx    context.Context
	err    error
	times  int
	traces ptrace.Traces
}

// reply is an answer of each kind.
func (r *modelRun) reply() *reply {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	switch n := r.rng.IntN(100); {
	case n < 70:
		return &reply{ctx: context.Background()}
	case n < 82:
		return &reply{ctx: context.Background(), err: errors.New("try again")}
	case n < 90:
		return &reply{ctx: context.Background(), err: consumererror.NewPermanent(errors.New("never"))}
	case n < 95:
		return &reply{ctx: cancelled, err: cancelled.Err()}
	default:
		return &reply{ctx: cancelled} // the client is gone, the data is not
	}
}

func (*reply) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *reply) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	p.traces = td
	p.times++
	return p.err
}

func (p *reply) ConsumeLogs(context.Context, plog.Logs) error {
	p.times++
	return p.err
}

func (p *reply) ConsumeMetrics(context.Context, pmetric.Metrics) error {
	p.times++
	return p.err
}

// send sends a batch of spans.
func (r *modelRun) send(spans []*modelSpan) {
	reading := r.config.read(spans)
	if r.model.keys.doubtful(&reading) {
		return
	}
	td, reply := tracesOf(spans), r.reply()
	td.MarkReadOnly()
	size := td.SpanCount()
	err := r.meter.Traces(reply.ctx, td, reply)
	if reply.times > 0 {
		require.True(r.t, td == reply.traces && td.SpanCount() == size, "data out is data in [I6]")
	}
	r.settled(usage.Traces, reading, reply, err)
}

// settled counts what was sent, and checks what its sender was told.
func (r *modelRun) settled(signal usage.Signal, reading modelReading, reply *reply, err error) {
	r.tell("  %s: %v, downstream %v, answered %v", signal, reading.records, reply.err, err)
	alive := !r.disk.dead() // or else nobody is told anything
	if reply.times == 0 {
		require.Error(r.t, err)
		require.True(r.t, r.config.refuse && r.meter.failing(), "refused without need: %v", err)
		r.saw("refused")
		return
	}
	require.Equal(r.t, 1, reply.times)
	if reply.err != nil {
		require.Equal(r.t, reply.err, err, "a downstream error is passed on")
		if !consumererror.IsPermanent(reply.err) {
			return
		}
	}
	if len(reading.records) > 0 {
		at := time.Now().UnixNano()
		r.model.commit(signal, &reading, minuteOf(r.meter.clock.moment().Age), at)
		r.sawBatch(reading.records)
		r.noteAge()
	}
	if alive && reply.err == nil {
		r.acknowledged(err)
	}
}

// sawBatch notes what became of the records of a batch.
func (r *modelRun) sawBatch(records []modelRecord) {
	var fresh, again bool
	for i := range records {
		record := &records[i]
		fresh = fresh || record.verdict == usage.Counted
		again = again || record.verdict == usage.Duplicate
		if record.verdict == usage.Counted && len(r.model.keys.seen[record.key]) > 1 {
			r.saw("again after the window")
		}
	}
	switch {
	case fresh && again:
		r.saw("in part again")
	case fresh:
		r.saw("new")
	case again:
		r.saw("again")
	}
}

// acknowledged takes the answer to what was counted as the promise that it is.
func (r *modelRun) acknowledged(err error) {
	failing := r.meter.failing()
	if err != nil {
		require.True(r.t, r.config.refuse && failing, "not acknowledged: %v", err)
		r.saw("not acknowledged")
		return
	}
	if failing && !r.config.refuse {
		r.saw("acknowledged in memory only") // and said so
		return
	}
	switch r.config.durability {
	case Write:
		r.model.write(r.model.live.seq)
	case Sync:
		r.model.sync(r.model.live.seq)
	}
}

// busySource lets batches come in while a snapshot is copied from it.
type busySource struct {
	journal.Source
	run *modelRun
}

// Rows copies series, before or after a batch.
func (b *busySource) Rows(rows []usage.Row, from uint32, limit int) ([]usage.Row, uint32, bool) {
	b.maybeSend()
	rows, next, more := b.Source.Rows(rows, from, limit)
	b.maybeSend()
	return rows, next, more
}

// KeyFiles copies the names of files, behind a batch.
func (b *busySource) KeyFiles() []usage.KeyFile {
	b.maybeSend()
	return b.Source.KeyFiles()
}

// Totals copies the totals, behind a batch.
func (b *busySource) Totals() usage.Totals {
	b.maybeSend()
	return b.Source.Totals()
}

func (b *busySource) maybeSend() {
	switch b.run.rng.IntN(4) {
	case 0:
		b.run.saw("batch within a snapshot")
		b.run.sendNew()
	case 1:
		b.run.resend(1, false)
	}
}
