package otlptest

import (
	"fmt"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Span is what tests look at; attribute values are text, whatever their type.
type Span struct {
	ID         string
	ParentID   string
	Service    string
	Scope      string
	Name       string
	Kind       tracepb.Span_SpanKind
	Status     tracepb.Status_StatusCode
	Attributes map[string]string
}

// Has is true if every "key=value" is an attribute; "key=*" asks for any value and "key=" for none.
func (s Span) Has(want ...string) bool {
	for _, pair := range want {
		key, value, _ := strings.Cut(pair, "=")
		got, found := s.Attributes[key]
		if found != (value != "") || (found && value != "*" && value != got) {
			return false
		}
	}
	return true
}

func attributesOf(pairs []*commonpb.KeyValue) map[string]string {
	attributes := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		attributes[pair.GetKey()] = valueOf(pair.GetValue())
	}
	return attributes
}

func valueOf(value *commonpb.AnyValue) string {
	switch v := value.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_IntValue:
		return fmt.Sprint(v.IntValue)
	case *commonpb.AnyValue_DoubleValue:
		return fmt.Sprint(v.DoubleValue)
	case *commonpb.AnyValue_BoolValue:
		return fmt.Sprint(v.BoolValue)
	default:
		return value.String()
	}
}
