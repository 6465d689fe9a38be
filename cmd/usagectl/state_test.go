package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelusage/usageprocessor"
)

// history is what a collector has counted: the same every day, from 2000-01-01 on, when
// the clock of a test begins.
type history struct {
	days int
	// models are as many series of a provider; each has one call a day.
	models int
	// interval is how often the collector writes.
	interval time.Duration
	// busy says that the collector ends in the middle of its work: with live series, hours
	// that are not over, keys to tell what is sent again, and a delta that nobody took.
	busy bool
}

// keepIn lets a collector run, with a clock that runs as fast as it can, and end. What it
// has counted is in the directory then.
func (h history) keepIn(t testing.TB, dir string) {
	t.Helper()
	factory := usageprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig().(*usageprocessor.Config)
	cfg.Persistence.Enabled, cfg.Persistence.Directory, cfg.Persistence.Interval = true, dir, h.interval
	cfg.Export.Interval = h.interval
	if h.busy {
		cfg.Export.Temporality = "delta"
	}
	set := processortest.NewNopSettings(factory.Type())
	set.ID = component.MustNewIDWithName("usage", "llm")
	in, err := factory.CreateTraces(context.Background(), set, cfg, consumertest.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	instances := []component.Component{in}
	if h.busy {
		exit, err := factory.CreateMetrics(context.Background(), set, cfg, consumertest.NewErr(errors.New("not now")))
		if err != nil {
			t.Fatal(err)
		}
		instances = append(instances, exit)
	}
	for _, instance := range instances {
		if err := instance.Start(context.Background(), componenttest.NewNopHost()); err != nil {
			t.Fatal(err)
		}
	}
	h.send(t, in)
	for _, instance := range instances {
		if err := instance.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func (h history) send(t testing.TB, in processor.Traces) {
	t.Helper()
	for day := range h.days {
		h.day(t, in, day)
		time.Sleep(24 * time.Hour)
	}
	if h.busy {
		h.day(t, in, h.days)
		time.Sleep(3 * time.Minute)
		h.day(t, in, h.days+1)
	}
}

// day sends the calls of a day.
func (h history) day(t testing.TB, in processor.Traces, day int) {
	t.Helper()
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for model := range h.models {
		span := spans.AppendEmpty()
		identify(span, day*h.models+model)
		span.SetKind(ptrace.SpanKindClient)
		for key, value := range map[string]string{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
			"gen_ai.request.model": fmt.Sprintf("model-%04d", model),
		} {
			span.Attributes().PutStr(key, value)
		}
		span.Attributes().PutInt("gen_ai.usage.input_tokens", 100)
		span.Attributes().PutInt("gen_ai.usage.output_tokens", int64(model))
		if model%2 == 0 { // the others have no price
			span.Attributes().PutDouble("gen_ai.usage.cost", 0.125)
		}
	}
	served := spans.AppendEmpty()
	identify(served, 1<<30+day)
	served.SetKind(ptrace.SpanKindServer)
	served.Attributes().PutStr("http.request.method", "GET")
	served.Attributes().PutStr("http.route", "/users/{id}")
	served.Attributes().PutInt("http.response.status_code", 500)
	if err := in.ConsumeTraces(context.Background(), td); err != nil {
		t.Fatal(err)
	}
}

// identify makes a span one of its own that took a second.
func identify(span ptrace.Span, number int) {
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], uint64(number)+1)
	span.SetSpanID(id)
	span.SetTraceID(pcommon.TraceID{1, 2, 3, 4, 5, 6, 7, 8, id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7]})
	now := time.Now()
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Second)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
}

// stateOf returns a directory with what a collector has counted.
func stateOf(t *testing.T, h history) string {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { h.keepIn(t, dir) })
	return dir
}
