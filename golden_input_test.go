package usageprocessor

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.yaml.in/yaml/v3"
)

// resourceText is a resource in the section `in`, which is a list of them.
// Attributes have the types that YAML gives them; `!!binary` makes a string
// that need not be UTF-8.
type resourceText struct {
	originText `yaml:",inline"`
	Each       spanText   `yaml:"each"` // kind, name and attributes of spans that have no other
	Spans      []spanText `yaml:"spans"`
}

// originText is where records of any signal come from.
type originText struct {
	Service  string         `yaml:"service"` // short for resource: {service.name: ...}
	Resource map[string]any `yaml:"resource"`
	// Scope is the instrumentation's name, or its attributes.
	Scope           scopeText      `yaml:"scope"`
	ScopeAttributes map[string]any `yaml:"scope_attributes"`
}

type scopeText struct {
	name       string
	attributes map[string]any
}

func (s *scopeText) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&s.name)
	}
	return node.Decode(&s.attributes)
}

func (o *originText) write(resource pcommon.Resource, scope pcommon.InstrumentationScope) error {
	scope.SetName(o.Scope.name)
	if o.Service != "" {
		resource.Attributes().PutStr("service.name", o.Service)
	}
	return errors.Join(
		put(resource.Attributes(), o.Resource),
		put(scope.Attributes(), o.Scope.attributes),
		put(scope.Attributes(), o.ScopeAttributes),
	)
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
	// TraceState is what the trace carries along, as in the header.
	TraceState string `yaml:"tracestate"`
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
	resources, err := readList[resourceText](text)
	if err != nil {
		return td, err
	}
	unnamed := uint64(stage) << 32
	for _, r := range resources {
		rs := td.ResourceSpans().AppendEmpty()
		ss := rs.ScopeSpans().AppendEmpty()
		err := r.write(rs.Resource(), ss.Scope())
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

// readList reads a section, which is a list of resources.
func readList[T any](text string) (list []T, err error) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	return list, decoder.Decode(&list)
}

// complete takes over what the span does not have.
func (s *spanText) complete(each *spanText) {
	if s.Kind == "" {
		s.Kind = each.Kind
	}
	if s.Name == "" {
		s.Name = each.Name
	}
	s.Attributes = merge(each.Attributes, s.Attributes)
}

// merge adds a record's own attributes to those of all.
func merge(each, own map[string]any) map[string]any {
	all := map[string]any{}
	maps.Copy(all, each)
	maps.Copy(all, own)
	return all
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
	span.TraceState().FromRaw(s.TraceState)
	s.writeIDs(span, unnamed)
	s.writeTimes(span, now, without)
	return put(span.Attributes(), s.Attributes)
}

func (s *spanText) writeIDs(span ptrace.Span, unnamed uint64) {
	span.SetTraceID(traceID(cmp.Or(s.Trace, unnamed)))
	span.SetSpanID(spanID(cmp.Or(s.ID, unnamed)))
	span.SetParentSpanID(spanID(s.Parent))
}

func traceID(n uint64) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[8:], n)
	return id
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
