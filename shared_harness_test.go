package usageprocessor

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/metadata"
)

// rig makes instances of one component ID in several pipelines, as a Collector
// does: one factory, one configuration, one set of telemetry.
type rig struct {
	t         *testing.T
	factory   processor.Factory
	settings  processor.Settings
	config    *Config
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	next      *consumertest.TracesSink // behind every traces instance
}

// newRig returns a rig for `usage/name` without persistence, whose timers do
// not fire within a test unless the configuration is changed.
func newRig(t *testing.T, name string, change ...func(*Config)) *rig {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	r := &rig{
		t: t, factory: NewFactory(), settings: processortest.NewNopSettings(metadata.Type),
		telemetry: telemetry, logs: logs, next: &consumertest.TracesSink{},
	}
	r.settings.ID = component.NewIDWithName(metadata.Type, name)
	r.settings.TelemetrySettings = telemetry.NewTelemetrySettings()
	r.settings.Logger = zap.New(core)
	r.config = r.factory.CreateDefaultConfig().(*Config)
	r.config.Export.Interval = 24 * time.Hour
	r.config.Persistence.Interval = 24 * time.Hour
	for _, f := range change {
		f(r.config)
	}
	require.NoError(t, r.config.Validate())
	return r
}

// onlyHTTP reads one dialect: reading all of them is most of a start.
func onlyHTTP(c *Config) {
	c.Dialects.Disabled = slices.DeleteFunc(dialect.PresetNames(), func(name string) bool { return name == "http" })
	c.Pricing.Enabled = false
}

// keptIn makes a rig's configuration persistent.
func keptIn(dir, durability string) func(*Config) {
	return func(c *Config) {
		c.Persistence.Enabled, c.Persistence.Directory, c.Persistence.Durability = true, dir, durability
	}
}

func (r *rig) traces(next consumer.Traces) processor.Traces {
	r.t.Helper()
	p, err := r.factory.CreateTraces(r.t.Context(), r.settings, r.config, next)
	require.NoError(r.t, err)
	return p
}

func (r *rig) logsInstance(next consumer.Logs) processor.Logs {
	r.t.Helper()
	p, err := r.factory.CreateLogs(r.t.Context(), r.settings, r.config, next)
	require.NoError(r.t, err)
	return p
}

func (r *rig) metrics(next consumer.Metrics) processor.Metrics {
	r.t.Helper()
	p, err := r.factory.CreateMetrics(r.t.Context(), r.settings, r.config, next)
	require.NoError(r.t, err)
	return p
}

// startTraces returns a running traces instance in front of r.next.
func (r *rig) startTraces() processor.Traces {
	r.t.Helper()
	p := r.traces(r.next)
	r.start(p)
	return p
}

func (r *rig) start(components ...component.Component) {
	r.t.Helper()
	for _, c := range components {
		require.NoError(r.t, c.Start(r.t.Context(), componenttest.NewNopHost()))
	}
}

func (r *rig) shutdown(components ...component.Component) {
	r.t.Helper()
	for _, c := range components {
		require.NoError(r.t, c.Shutdown(r.t.Context()))
	}
}

// stored returns what a Collector that starts now finds and exports, leaving
// the state as it was but for one more start.
func (r *rig) stored() points {
	r.t.Helper()
	again := newRig(r.t, r.settings.ID.Name(), func(c *Config) { *c = *r.config })
	exit := newExit(again)
	exit.start()
	exit.stop()
	return exit.seen()
}

// flushes is how often the journal was flushed.
func (r *rig) flushes() int {
	r.t.Helper()
	m, err := r.telemetry.GetMetric("otelcol.usage.flush.duration")
	if err != nil {
		return 0
	}
	count := uint64(0)
	for _, p := range m.Data.(metricdata.Histogram[float64]).DataPoints {
		count += p.Count
	}
	return int(count)
}

// warnings are the log entries at WARN and above.
func (r *rig) warnings() []observer.LoggedEntry {
	return r.logs.Filter(func(e observer.LoggedEntry) bool { return e.Level >= zapcore.WarnLevel }).All()
}

// pass lets time pass in a synctest bubble, until everything is idle again.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// spanIDs makes every span of a test another one.
type spanIDs struct{ last atomic.Uint64 }

// served is a batch of n spans of an endpoint.
func (ids *spanIDs) served(route string, n int) ptrace.Traces {
	return ids.batch(n, func(uint64) string { return route })
}

// scattered is a batch of n spans of as many endpoints.
func (ids *spanIDs) scattered(n int) ptrace.Traces {
	return ids.batch(n, func(id uint64) string { return fmt.Sprintf("/scattered/%d", id) })
}

func (ids *spanIDs) batch(n int, route func(id uint64) string) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	list := rs.ScopeSpans().AppendEmpty().Spans()
	now := time.Now()
	for range n {
		id := ids.last.Add(1)
		s := list.AppendEmpty()
		s.SetTraceID(pcommon.TraceID(binary.BigEndian.AppendUint64([]byte("trace-id"), id)))
		s.SetSpanID(pcommon.SpanID(binary.BigEndian.AppendUint64(nil, id)))
		s.SetKind(ptrace.SpanKindServer)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Millisecond)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutStr("http.route", route(id))
		s.Attributes().PutInt("http.response.status_code", 200)
	}
	return td
}

func logRecord() plog.Logs {
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("hello")
	return ld
}

func dataPoint() pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("passing.by")
	m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
	return md
}
