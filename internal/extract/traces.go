package extract

import (
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Traces reads the usage in a batch of spans that arrived now.
func (x *Extractor) Traces(td ptrace.Traces, now time.Time) *Reading {
	r := x.reading(usage.Traces, now)
	for _, rs := range td.ResourceSpans().All() {
		r.enterResource(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			r.scope = ss.Scope().Attributes()
			for _, s := range ss.Spans().All() {
				r.span(s)
			}
		}
	}
	r.dropNested()
	r.shareKey()
	r.leave()
	return r
}

// span meters a span by its kind: who serves is an endpoint, who calls consumes
// a provider. Calls to a model that runs in the app itself are internal spans.
func (r *Reading) span(s ptrace.Span) {
	r.values.load(s.Attributes())
	r.status = r.httpStatus()
	switch s.Kind() {
	case ptrace.SpanKindServer, ptrace.SpanKindConsumer:
		r.endpoint(s)
	case ptrace.SpanKindClient, ptrace.SpanKindProducer:
		r.provider(s)
	default:
		r.internal(s)
	}
}

// internal meters a span that neither serves nor calls anybody.
func (r *Reading) internal(s ptrace.Span) {
	switch {
	case !r.saysInference():
		r.skip(usage.UnmeteredInternal)
	case !r.x.providers.enabled:
		r.skip(usage.UnmeteredDisabled)
	default:
		r.inference(s)
	}
}
