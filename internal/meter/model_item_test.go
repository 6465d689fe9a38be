package meter

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelItem is a span, a log record or a data point as its sender knows it. It is
// sent as often as its sender likes.
type modelItem interface {
	from() string // service
	record(c *modelConfig, now int64) modelRecord
}

// modelBatch is items of one signal, in the order of their services.
type modelBatch struct {
	signal usage.Signal
	items  []modelItem
}

// newModelBatch puts items into the order in which they are sent.
func newModelBatch[T modelItem](signal usage.Signal, items []T) modelBatch {
	b := modelBatch{signal: signal}
	for _, item := range items {
		b.items = append(b.items, item)
	}
	slices.SortStableFunc(b.items, func(a, b modelItem) int { return strings.Compare(a.from(), b.from()) })
	return b
}

// send hands a batch to the meter and says whether what came out is what went in.
func (b *modelBatch) send(r *modelRun, reply *reply) (same bool, err error) {
	switch b.signal {
	case usage.Logs:
		ld := b.logs()
		ld.MarkReadOnly()
		err = r.meter.Logs(reply.ctx, ld, reply)
		return reply.logs == ld && ld.LogRecordCount() == len(b.items), err
	case usage.Metrics:
		md := b.metrics()
		md.MarkReadOnly()
		err = r.meter.Metrics(reply.ctx, md, reply)
		return reply.metrics == md && md.DataPointCount() == len(b.items), err
	default:
		td := b.traces()
		td.MarkReadOnly()
		err = r.meter.Traces(reply.ctx, td, reply)
		return reply.traces == td && td.SpanCount() == len(b.items), err
	}
}

func (b *modelBatch) traces() ptrace.Traces {
	td := ptrace.NewTraces()
	var list ptrace.SpanSlice
	b.each(func(item modelItem, first bool) {
		if first {
			rs := td.ResourceSpans().AppendEmpty()
			putService(rs.Resource(), item)
			list = rs.ScopeSpans().AppendEmpty().Spans()
		}
		item.(*modelSpan).write(list.AppendEmpty())
	})
	return td
}

func (b *modelBatch) logs() plog.Logs {
	ld := plog.NewLogs()
	var list plog.LogRecordSlice
	b.each(func(item modelItem, first bool) {
		if first {
			rl := ld.ResourceLogs().AppendEmpty()
			putService(rl.Resource(), item)
			list = rl.ScopeLogs().AppendEmpty().LogRecords()
		}
		item.(*modelLine).write(list.AppendEmpty())
	})
	return ld
}

func (b *modelBatch) metrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	var list pmetric.MetricSlice
	b.each(func(item modelItem, first bool) {
		if first {
			rm := md.ResourceMetrics().AppendEmpty()
			putService(rm.Resource(), item)
			list = rm.ScopeMetrics().AppendEmpty().Metrics()
		}
		item.(*modelSample).write(list.AppendEmpty())
	})
	return md
}

// each calls f with every item, and whether it is the first one of its service.
func (b *modelBatch) each(f func(item modelItem, first bool)) {
	for i, item := range b.items {
		f(item, i == 0 || item.from() != b.items[i-1].from())
	}
}

func putService(to pcommon.Resource, item modelItem) {
	to.Attributes().PutStr("service.name", item.from())
}
