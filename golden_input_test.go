package usageprocessor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.yaml.in/yaml/v3"
)

// resourceText is a resource in the section `in`, which is a list of them.
// Attributes have the types that YAML gives them; `!!binary` makes a string
// that need not be UTF-8.
type resourceText struct {
	Service  string         `yaml:"service"` // short for resource: {service.name: ...}
	Resource map[string]any `yaml:"resource"`
	Scope    map[string]any `yaml:"scope"`
	Each     spanText       `yaml:"each"` // kind, name and attributes of spans that have no other
	Spans    []spanText     `yaml:"spans"`
}

type spanText struct {
	Kind       string         `yaml:"kind"`
	Name       string         `yaml:"name"`
	Took       *time.Duration `yaml:"took"`    // 1s unless given
	Ended      time.Duration  `yaml:"ended"`   // seen from the arrival
	Without    string         `yaml:"without"` // `start` or `end`
	Status     string         `yaml:"status"`
	Message    string         `yaml:"message"`
	Attributes map[string]any `yaml:"attributes"`
	// Small numbers. A span without an ID or a trace has one of its own.
	Trace    uint64 `yaml:"trace"`
	ID       uint64 `yaml:"id"`
	Parent   uint64 `yaml:"parent"`
	ParentIs string `yaml:"parent_is"` // `local` or `remote`; else the span does not say
}

var (
	spanKinds = map[string]ptrace.SpanKind{
		"": ptrace.SpanKindUnspecified, "internal": ptrace.SpanKindInternal,
		"server": ptrace.SpanKindServer, "client": ptrace.SpanKindClient,
		"producer": ptrace.SpanKindProducer, "consumer": ptrace.SpanKindConsumer,
	}
	spanStatuses = map[string]ptrace.StatusCode{
		"": ptrace.StatusCodeUnset, "ok": ptrace.StatusCodeOk, "error": ptrace.StatusCodeError,
	}
	parentFlags = map[string]uint32{"": 0, "local": 0x100, "remote": 0x300}
	leftOut     = map[string][2]bool{"": {}, "start": {true, false}, "end": {false, true}}
)

// readTraces reads a batch that arrives now. The stage's number keeps its spans
// apart from those of other stages.
func readTraces(text string, now time.Time, stage int) (ptrace.Traces, error) {
	td := ptrace.NewTraces()
	var resources []resourceText
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&resources); err != nil {
		return td, err
	}
	unnamed := uint64(stage) << 32
	for _, r := range resources {
		rs := td.ResourceSpans().AppendEmpty()
		ss := rs.ScopeSpans().AppendEmpty()
		if r.Service != "" {
			rs.Resource().Attributes().PutStr("service.name", r.Service)
		}
		err := errors.Join(put(rs.Resource().Attributes(), r.Resource), put(ss.Scope().Attributes(), r.Scope))
		for _, s := range r.Spans {
			unnamed++
			s.complete(&r.Each)
			err = errors.Join(err, s.write(ss.Spans().AppendEmpty(), now, unnamed))
		}
		if err != nil {
			return td, err
		}
	}
	return td, nil
}

// complete takes over what the span does not have.
func (s *spanText) complete(each *spanText) {
	if s.Kind == "" {
		s.Kind = each.Kind
	}
	if s.Name == "" {
		s.Name = each.Name
	}
	attributes := maps.Clone(each.Attributes)
	if attributes == nil {
		attributes = map[string]any{}
	}
	maps.Copy(attributes, s.Attributes)
	s.Attributes = attributes
}

func (s *spanText) write(span ptrace.Span, now time.Time, unnamed uint64) error {
	kind, okKind := spanKinds[s.Kind]
	status, okStatus := spanStatuses[s.Status]
	flags, okFlags := parentFlags[s.ParentIs]
	without, okWithout := leftOut[s.Without]
	if !okKind || !okStatus || !okFlags || !okWithout {
		return fmt.Errorf("span %q: its kind, status, parent_is or without is unknown", s.Name)
	}
	span.SetName(s.Name)
	span.SetKind(kind)
	span.Status().SetCode(status)
	span.Status().SetMessage(s.Message)
	span.SetFlags(flags)
	s.writeIDs(span, unnamed)
	s.writeTimes(span, now, without)
	return put(span.Attributes(), s.Attributes)
}

func (s *spanText) writeIDs(span ptrace.Span, unnamed uint64) {
	trace, id := s.Trace, s.ID
	if trace == 0 {
		trace = unnamed
	}
	if id == 0 {
		id = unnamed
	}
	var traceID pcommon.TraceID
	binary.BigEndian.PutUint64(traceID[8:], trace)
	span.SetTraceID(traceID)
	span.SetSpanID(spanID(id))
	span.SetParentSpanID(spanID(s.Parent))
}

func spanID(n uint64) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

func (s *spanText) writeTimes(span ptrace.Span, now time.Time, without [2]bool) {
	took := time.Second
	if s.Took != nil {
		took = *s.Took
	}
	end := now.Add(s.Ended)
	if !without[0] {
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-took)))
	}
	if !without[1] {
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	}
}

// put adds attributes in the order of their names.
func put(m pcommon.Map, attributes map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if err := m.PutEmpty(name).FromRaw(attributes[name]); err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
	}
	return nil
}

// tracesNext is the next consumer of the spans. It keeps what it is given as
// bytes, whether or not it accepts it.
type tracesNext struct {
	consumertest.TracesSink
	err error
	got []byte
}

func (n *tracesNext) ConsumeTraces(_ context.Context, td ptrace.Traces) (err error) {
	if n.got, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(td); err != nil {
		return err
	}
	return n.err
}

// metricsNext is the next consumer of the usage metrics.
type metricsNext struct {
	consumertest.MetricsSink
	// err is what it returns. The exit reads it, and its only tie to the test's
	// goroutine is the clock, which orders nothing.
	err atomic.Pointer[error]
}

func (n *metricsNext) fail(err error) { n.err.Store(&err) }

func (n *metricsNext) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if err := n.err.Load(); err != nil && *err != nil {
		return *err
	}
	return n.MetricsSink.ConsumeMetrics(ctx, md)
}
