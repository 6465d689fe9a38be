package e2e

import (
	"encoding/binary"
	"maps"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// call is a kind of span and what it has to add, as the contract has it.
type call struct {
	kind       ptrace.SpanKind
	attributes map[string]any
	took       time.Duration

	side     string // endpoint or provider
	identity map[string]string
	outcome  string
	in, out  int64            // bytes
	tokens   map[string]int64 // by type
}

const service = "shop"

// calls are the kinds that tests send; no two have the same identity.
func calls() []call {
	return []call{
		{
			kind: ptrace.SpanKindServer, took: 3 * time.Millisecond,
			attributes: map[string]any{
				"http.request.method": "GET", "http.route": "/users/{id}", "http.response.status_code": 200,
				"http.request.body.size": 100, "http.response.body.size": 2000,
			},
			side: "endpoint", outcome: "success", in: 100, out: 2000,
			identity: map[string]string{"usage.protocol": "http", "usage.endpoint": "GET /users/{id}"},
		},
		{
			kind: ptrace.SpanKindServer, took: 40 * time.Millisecond,
			attributes: map[string]any{"http.request.method": "POST", "http.route": "/orders", "http.response.status_code": 503},
			side:       "endpoint", outcome: "error",
			identity: map[string]string{"usage.protocol": "http", "usage.endpoint": "POST /orders"},
		},
		{
			kind: ptrace.SpanKindServer, took: time.Millisecond,
			attributes: map[string]any{"rpc.system": "grpc", "rpc.service": "shop.Cart", "rpc.method": "Add", "rpc.grpc.status_code": 5},
			side:       "endpoint", outcome: "client_error",
			identity: map[string]string{"usage.protocol": "rpc", "usage.endpoint": "shop.Cart/Add"},
		},
		{
			kind: ptrace.SpanKindClient, took: 7 * time.Millisecond,
			attributes: map[string]any{"db.system.name": "postgresql", "db.operation.name": "SELECT", "db.collection.name": "orders"},
			side:       "provider", outcome: "success",
			identity: map[string]string{"usage.provider": "postgresql", "usage.provider.kind": "db", "usage.operation": "SELECT orders"},
		},
		{
			kind: ptrace.SpanKindClient, took: 1500 * time.Millisecond,
			attributes: map[string]any{
				"gen_ai.provider.name": "openai", "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o",
				"gen_ai.usage.input_tokens": 120, "gen_ai.usage.cache_read.input_tokens": 20, "gen_ai.usage.output_tokens": 30,
			},
			side: "provider", outcome: "success", tokens: map[string]int64{"input": 100, "cache_read": 20, "output": 30},
			identity: map[string]string{"usage.provider": "openai", "usage.provider.kind": "gen_ai", "usage.model": "gpt-4o", "usage.operation": "chat"},
		},
		{
			kind: ptrace.SpanKindClient, took: 90 * time.Millisecond,
			attributes: map[string]any{"http.request.method": "GET", "server.address": "api.partner.example", "http.response.status_code": 429},
			side:       "provider", outcome: "throttled",
			identity: map[string]string{"usage.provider": "api.partner.example", "usage.provider.kind": "http", "usage.operation": "GET"},
		},
	}
}

// add notes n calls.
func (t tally) add(c *call, n int64) { t.addFor(service, c, n) }

// addFor notes n calls of another service than most tests have.
func (t tally) addFor(service string, c *call, n int64) {
	sum := func(metric, suffix string, value int64, label ...string) {
		if value == 0 {
			return
		}
		labels := map[string]string{"usage.service": service}
		maps.Copy(labels, c.identity)
		if len(label) > 0 {
			labels[label[0]] = label[1]
		}
		t[series(pageName("usage."+c.side+"."+metric)+suffix, labels)] += n * value
	}
	sum("requests", "", 1, "usage.outcome", c.outcome)
	sum("duration", "_count", 1)
	sum("duration", "_sum", int64(c.took))
	sum("request.size", "", c.in)
	sum("response.size", "", c.out)
	for kind, tokens := range c.tokens {
		sum("tokens", "", tokens, "usage.token.type", kind)
	}
}

// generator makes spans, no two of which are the same.
type generator struct{ last atomic.Uint64 }

// batch is n spans of each call, of one service.
func (g *generator) batch(service string, n int, calls ...call) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for range n {
		for i := range calls {
			g.fill(spans.AppendEmpty(), &calls[i])
		}
	}
	return td
}

func (g *generator) fill(s ptrace.Span, c *call) {
	id, end := g.last.Add(1), time.Now()
	s.SetTraceID(pcommon.TraceID(binary.BigEndian.AppendUint64([]byte("e2e-test"), id)))
	s.SetSpanID(pcommon.SpanID(binary.BigEndian.AppendUint64(nil, id)))
	s.SetName("call")
	s.SetKind(c.kind)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-c.took)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	for name, value := range c.attributes {
		switch v := value.(type) {
		case string:
			s.Attributes().PutStr(name, v)
		case int:
			s.Attributes().PutInt(name, int64(v))
		}
	}
}
