package usageprocessor

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// downstream is what comes after the processors of a case. It keeps what it is
// given as bytes, whether or not it accepts it.
type downstream struct {
	err error
	got [][]byte
}

func (d *downstream) take(data []byte, err error) error {
	if err != nil {
		return err
	}
	d.got = append(d.got, data)
	return d.err
}

// tracesNext is the next consumer of the spans.
type tracesNext struct {
	consumertest.TracesSink
	*downstream
}

func (n *tracesNext) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	return n.take((&ptrace.ProtoMarshaler{}).MarshalTraces(td))
}

// logsNext is the next consumer of the log records.
type logsNext struct {
	consumertest.LogsSink
	*downstream
}

func (n *logsNext) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	return n.take((&plog.ProtoMarshaler{}).MarshalLogs(ld))
}

// passing marks the context of data points that a case sends: the usage metrics
// leave to the same consumer.
type passing struct{}

// metricsNext is the next consumer of the data points and of the usage metrics.
type metricsNext struct {
	consumertest.MetricsSink
	*downstream
	// err is what it returns for usage. The exit reads it, and its only tie to the
	// test's goroutine is the clock, which orders nothing.
	err atomic.Pointer[error]
}

func (n *metricsNext) fail(err error) { n.err.Store(&err) }

func (n *metricsNext) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if ctx.Value(passing{}) != nil {
		return n.take((&pmetric.ProtoMarshaler{}).MarshalMetrics(md))
	}
	if err := n.err.Load(); err != nil && *err != nil {
		return *err
	}
	return n.MetricsSink.ConsumeMetrics(ctx, md)
}
