package meter

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// reply is the next consumer of one batch: what it answers, and what it got.
type reply struct {
	ctx     context.Context
	err     error
	times   int
	traces  ptrace.Traces
	logs    plog.Logs
	metrics pmetric.Metrics
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

func (p *reply) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	p.logs = ld
	p.times++
	return p.err
}

func (p *reply) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	p.metrics = md
	p.times++
	return p.err
}

// sendNew sends something new, or keeps it for later.
func (r *modelRun) sendNew() {
	signal := r.anySignal()
	for _, b := range r.invent(signal) {
		sent := &r.sent[signal]
		if len(*sent) == maxSent {
			*sent = slices.Delete(*sent, 0, 1)
		}
		*sent = append(*sent, b)
		if r.chance(90) {
			r.send(b)
		}
	}
}

// invent makes batches: one, or two of what belongs together.
func (r *modelRun) invent(signal usage.Signal) []modelBatch {
	now := now().UnixNano()
	switch signal {
	case usage.Logs:
		return []modelBatch{newModelBatch(signal, r.lines.some(now))}
	case usage.Metrics:
		return []modelBatch{newModelBatch(signal, r.streams.some(now, r.since))}
	}
	var spans []*modelSpan
	for range 1 + r.rng.IntN(3) {
		spans = append(spans, r.spans.some(now)...)
	}
	if r.chance(75) {
		return []modelBatch{newModelBatch(signal, spans)}
	}
	r.rng.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
	half := r.rng.IntN(len(spans) + 1)
	return []modelBatch{newModelBatch(signal, spans[:half]), newModelBatch(signal, spans[half:])}
}

// resend sends what was sent before: batches as they were, parts of them, or
// several of them as one.
func (r *modelRun) resend(batches int, parts bool) {
	signal := r.anySignal()
	sent := r.sent[signal]
	if len(sent) == 0 {
		return
	}
	var all []modelItem
	for range batches {
		// Mostly something recent: what failed.
		batch := sent[len(sent)-1-min(r.rng.IntN(len(sent)), r.rng.IntN(len(sent)))]
		for _, item := range batch.items {
			if !parts || r.chance(50) {
				all = append(all, item)
			}
		}
	}
	r.send(newModelBatch(signal, all))
}

// send sends a batch.
func (r *modelRun) send(b modelBatch) {
	reading := r.config.read(b.items, now().UnixNano())
	if r.model.keys.doubtful(&reading) {
		return
	}
	reply := r.reply()
	same, err := b.send(r, reply)
	if reply.times > 0 {
		require.True(r.t, same, "data out is data in [I6]")
	}
	r.settled(b.signal, reading, reply, err)
}

// anySignal is mostly that of spans.
func (r *modelRun) anySignal() usage.Signal {
	return pick(r.rng, usage.Traces, usage.Traces, usage.Logs, usage.Metrics)
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
		r.model.commit(signal, &reading, r.meter.clock.moment().Age, at)
		r.sawBatch(signal, reading.records)
		r.noteAge()
	}
	if alive && reply.err == nil {
		r.acknowledged(err)
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
