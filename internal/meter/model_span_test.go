package meter

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelClass is what a span of the model test is about.
type modelClass int

const (
	servesRequest modelClass = iota
	callsModel
	carriesCall // the HTTP request below a call to a model
	callsDatabase
	worksInside // neither serves nor calls
	runsAgent   // repeats the sums of the calls below it
	callsNobody // says nothing about whom
	modelClasses
)

// modelSpan is a span as its sender knows it. It is sent as often as its sender
// likes.
type modelSpan struct {
	number     int // tells it apart from all others
	class      modelClass
	service    string
	name       string // of the route, model or collection
	tenant     string // never empty: two sets of dimensions give no equal points
	trace      uint64
	id, parent uint64 // 0: none
	start, end int64  // Unix ns; 0: none
	status     int    // HTTP
	bytes      int64
	tokens     [usage.TokenTypes]int64
	firstToken float64 // seconds
}

// modelSpans invents spans.
type modelSpans struct {
	rng  *rand.Rand
	last int
}

func (g *modelSpans) span(class modelClass, now int64) *modelSpan {
	g.last++
	end := now - g.rng.Int64N(1e9)
	s := &modelSpan{
		number: g.last, class: class, trace: uint64(g.last), id: uint64(g.last),
		service: pick(g.rng, "shop", "app"), name: pick(g.rng, "a", "b", "c"), tenant: pick(g.rng, "x", "y"),
		start: end - int64(g.last), end: end, // no two spans take as long
		status: pick(g.rng, 200, 200, 404, 429, 500), bytes: g.rng.Int64N(1000),
	}
	if class == callsModel {
		for i := range s.tokens {
			s.tokens[i] = g.rng.Int64N(100)
		}
		s.firstToken = float64(g.rng.IntN(2)) * 0.5
	}
	return s
}

// some invents what an app does in one go: mostly one span, or two of which one
// lies inside the other.
func (g *modelSpans) some(now int64) []*modelSpan {
	class := modelClass(g.rng.IntN(int(modelClasses)))
	if g.rng.IntN(2) == 0 {
		class = pick(g.rng, servesRequest, callsModel)
	}
	outer := g.span(class, now)
	spans := []*modelSpan{outer}
	switch {
	case class == servesRequest && g.rng.IntN(3) == 0:
		spans = append(spans, g.below(outer, servesRequest, now))
	case class == callsModel && g.rng.IntN(2) == 0:
		spans = append(spans, g.below(outer, pick(g.rng, callsModel, carriesCall), now))
	}
	switch g.rng.IntN(12) {
	case 0:
		outer.id = 0 // all of it is without IDs, or its child has lost its parent
	case 1:
		outer.id, outer.start, outer.end = 0, 0, 0
	case 2:
		spans = append(spans, spans[g.rng.IntN(len(spans))]) // twice in one batch
	}
	g.rng.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
	return spans
}

func (g *modelSpans) below(outer *modelSpan, class modelClass, now int64) *modelSpan {
	s := g.span(class, now)
	s.service, s.trace, s.parent = outer.service, outer.trace, outer.id
	return s
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// tracesOf is a batch of spans, in the order of their services.
func tracesOf(spans []*modelSpan) ptrace.Traces {
	td := ptrace.NewTraces()
	var list ptrace.SpanSlice
	for i, s := range spans {
		if i == 0 || s.service != spans[i-1].service {
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", s.service)
			list = rs.ScopeSpans().AppendEmpty().Spans()
		}
		s.write(list.AppendEmpty())
	}
	return td
}

// byService puts spans into the order that tracesOf sends them in.
func byService(spans []*modelSpan) []*modelSpan {
	spans = slices.Clone(spans)
	slices.SortStableFunc(spans, func(a, b *modelSpan) int { return strings.Compare(a.service, b.service) })
	return spans
}

func (s *modelSpan) write(out ptrace.Span) {
	out.SetTraceID(pcommon.TraceID(binary.BigEndian.AppendUint64(make([]byte, 8, 16), s.trace)))
	out.SetSpanID(spanIDOf(s.id))
	out.SetParentSpanID(spanIDOf(s.parent))
	out.SetStartTimestamp(pcommon.Timestamp(s.start))
	out.SetEndTimestamp(pcommon.Timestamp(s.end))
	out.SetKind([modelClasses]ptrace.SpanKind{
		servesRequest: ptrace.SpanKindServer, callsModel: ptrace.SpanKindClient, carriesCall: ptrace.SpanKindClient,
		callsDatabase: ptrace.SpanKindClient, worksInside: ptrace.SpanKindInternal, runsAgent: ptrace.SpanKindInternal,
		callsNobody: ptrace.SpanKindClient,
	}[s.class])
	attrs := out.Attributes()
	attrs.PutStr("tenant.id", s.tenant)
	attrs.PutInt("http.response.status_code", int64(s.status))
	attrs.PutInt("http.request.body.size", s.bytes)
	s.writeClass(attrs)
}

func (s *modelSpan) writeClass(attrs pcommon.Map) {
	switch s.class {
	case servesRequest:
		attrs.PutStr("http.request.method", "GET")
		attrs.PutStr("http.route", "/"+s.name)
	case carriesCall:
		attrs.PutStr("http.request.method", "POST")
		attrs.PutStr("server.address", "api.openai.com")
	case callsDatabase:
		attrs.PutStr("db.system.name", "postgresql")
		attrs.PutStr("db.operation.name", "SELECT")
		attrs.PutStr("db.collection.name", s.name)
	case runsAgent:
		attrs.PutStr("gen_ai.operation.name", "invoke_agent")
	case callsModel:
		attrs.PutStr("gen_ai.operation.name", "chat")
		attrs.PutStr("gen_ai.provider.name", "openai")
		attrs.PutStr("gen_ai.response.model", s.name)
		attrs.PutInt("gen_ai.usage.input_tokens", s.tokens[usage.Input]+s.tokens[usage.CacheRead]+s.tokens[usage.CacheWrite])
		attrs.PutInt("gen_ai.usage.cache_read.input_tokens", s.tokens[usage.CacheRead])
		attrs.PutInt("gen_ai.usage.cache_write.input_tokens", s.tokens[usage.CacheWrite])
		attrs.PutInt("gen_ai.usage.output_tokens", s.tokens[usage.Output]+s.tokens[usage.Reasoning])
		attrs.PutInt("gen_ai.usage.reasoning.output_tokens", s.tokens[usage.Reasoning])
		if s.firstToken > 0 {
			attrs.PutDouble("gen_ai.response.time_to_first_chunk", s.firstToken)
		}
	}
}

func spanIDOf(n uint64) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], n)
	return id
}
