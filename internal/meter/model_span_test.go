package meter

import (
	"encoding/binary"
	"fmt"
	"time"

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
	request    string  // the provider's ID of the call; empty: none
	session    string  // empty: none
}

func (s *modelSpan) from() string { return s.service }

// String is for reading what has happened.
func (s *modelSpan) String() string {
	return fmt.Sprintf("span %d/%s/%d below %d", s.number, s.service, s.id, s.parent)
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
	if s.session != "" {
		attrs.PutStr("session.id", s.session)
	}
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
		if s.request != "" {
			attrs.PutStr("gen_ai.response.id", s.request)
		}
		if s.firstToken > 0 {
			attrs.PutDouble("gen_ai.response.time_to_first_chunk", s.firstToken)
		}
	}
}

func spanIDOf(n uint64) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

func (s *modelSpan) record(c *modelConfig, now int64) modelRecord {
	r := modelRecord{item: s, end: s.end, verdict: c.verdict(s)}
	if r.verdict == usage.Counted {
		s.describe(c, &r)
		r.touch = newTouch(ownerOf(r.series), s.session, ofOutcome(&r.added), s.end, s.end-s.start, now)
	}
	return r
}

// verdict is what becomes of a span whatever else is in its batch.
func (c *modelConfig) verdict(s *modelSpan) usage.Verdict {
	switch {
	case s.class == servesRequest:
		return usage.Counted
	case s.class == worksInside:
		return usage.UnmeteredInternal
	case !c.providers:
		return usage.UnmeteredDisabled
	case s.class == runsAgent:
		return usage.SkippedAggregate
	case s.class == callsNobody:
		return usage.UnmeteredUnidentified
	default:
		return usage.Counted
	}
}

// values tell spans without IDs apart.
func (s *modelSpan) values() string {
	return fmt.Sprint(s.start, s.end, s.status, s.bytes, s.tokens)
}

// describe says which series a span belongs to and what it adds to it.
func (s *modelSpan) describe(c *modelConfig, r *modelRecord) {
	name := func(values ...string) string { return c.seriesName(usage.Provider, s.tenant, values...) }
	claim, kind, family := s.service+" openai", usage.Provider, "http"
	switch s.class {
	case servesRequest:
		kind = usage.Endpoint
		r.series = c.seriesName(kind, s.tenant, s.service, "http", "GET /"+s.name)
	case callsModel:
		family = "gen_ai"
		r.series, r.claim = name(s.service, "openai", "gen_ai", s.name, "chat"), claim
		if s.request != "" && c.window > 0 {
			r.alias = s.request
		}
	case carriesCall:
		r.series, r.shadow = name(s.service, "openai", "http", "", "POST"), claim
	case callsDatabase:
		family = "db"
		r.series = name(s.service, "postgresql", "db", "", "SELECT "+s.name)
	}
	r.channel = c.channel(kind, family, s.service, usage.Traces)
	r.channel.weak = s.class == callsModel && s.tokens == [usage.TokenTypes]int64{}
	if s.id > 0 {
		r.key = fmt.Sprint("span ", s.number)
	}
	a := &r.added
	a.Requests[outcomeOf(s.status)]++
	a.Duration, a.RequestBytes, a.Tokens = s.end-s.start, s.bytes, s.tokens
	a.durations = 1
	s.price(c, r)
	if s.firstToken > 0 {
		a.TimeToFirstToken, a.firstTokens = int64(s.firstToken*float64(time.Second)), 1
	}
}

func (s *modelSpan) isParentOf(o *modelSpan) bool {
	return s.class == o.class && (s.class == servesRequest || s.class == callsModel) &&
		s.trace == o.trace && o.parent > 0 && s.id == o.parent
}
