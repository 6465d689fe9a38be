package extract

import (
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Traces reads the usage in a batch of spans that arrived now.
func (x *Extractor) Traces(td ptrace.Traces, now time.Time) *Reading {
	r := x.reading(usage.Traces, now)
	for _, rs := range td.ResourceSpans().All() {
		r.enterResource(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			r.enterScope(ss.Scope())
			for _, s := range ss.Spans().All() {
				r.span(s)
				r.ownSpan(rs, ss, s)
			}
		}
	}
	r.finish()
	return r
}

// span meters a span by the role that its dialect gives it, else by its kind: who
// serves is an endpoint, who calls consumes a provider. Calls to a model that
// runs in the app itself are internal spans.
func (r *Reading) span(s ptrace.Span) {
	r.values.load(r.x.program.Base, s.Attributes())
	r.status = r.httpStatus()
	role := r.values.role
	if r.scopeRules != nil && r.scopeRules.Spans != nil {
		role = max(role, r.scopeRules.Spans[s.Name()])
	}
	// A call to a tool's server is one, whatever the agent takes it for.
	if role <= dialect.Inference || r.values.has(dialect.MCPMethod) {
		r.byKind(s, role == dialect.Inference)
		return
	}
	r.inRole(s, role)
}

// byKind meters a span whose dialect says that it is inference, or nothing.
func (r *Reading) byKind(s ptrace.Span, inference bool) {
	switch s.Kind() {
	case ptrace.SpanKindServer, ptrace.SpanKindConsumer:
		// A proxy may put what a call used on the span of the request.
		if inference && (r.values.has(dialect.InputTokens) || r.values.has(dialect.OutputTokens)) {
			r.internal(s, inference)
			return
		}
		r.endpoint(s)
	case ptrace.SpanKindClient, ptrace.SpanKindProducer:
		r.provider(s, inference)
	default:
		r.internal(s, inference)
	}
}

// inRole meters, or skips, a span as its dialect says. A request that is served
// is one whatever it says of the models behind it.
func (r *Reading) inRole(s ptrace.Span, role dialect.Role) {
	serves := s.Kind() == ptrace.SpanKindServer || s.Kind() == ptrace.SpanKindConsumer
	switch {
	case role == dialect.Endpoint, serves && role == dialect.Aggregate:
		r.endpoint(s)
	case !r.x.providers.enabled:
		r.skip(usage.UnmeteredDisabled)
	case role == dialect.Aggregate:
		r.skip(usage.SkippedAggregate)
	case role == dialect.Nested:
		r.skip(usage.SkippedNested)
	default:
		r.skip(usage.UnmeteredUnrecognized)
	}
}

// internal meters a span that neither serves nor calls anybody.
func (r *Reading) internal(s ptrace.Span, inference bool) {
	switch {
	case !inference && !r.saysInference():
		r.skip(usage.UnmeteredInternal)
	case !r.x.providers.enabled:
		r.skip(usage.UnmeteredDisabled)
	default:
		r.inference(s)
	}
}

// finish ends a reading: what needs the whole batch, and letting go of it.
func (r *Reading) finish() {
	r.dropNested()
	r.shareKey()
	r.aliasCalls()
	r.leave()
}
