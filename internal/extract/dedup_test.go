package extract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// remembering reads batches with dedup keys.
func remembering(secret byte) *Extractor {
	return New(Options{
		Endpoints: Side{Enabled: true}, Providers: Side{Enabled: true},
		Schemas: &usage.Schemas{}, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout(),
		Dedup: Dedup{Enabled: true}, Dialects: presets(), Secret: Secret{secret},
	})
}

// keyed is a batch with one served span that has everything a key is made of.
func keyed() (td ptrace.Traces, s ptrace.Span) {
	td = ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	s = rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetKind(ptrace.SpanKindServer)
	s.SetTraceID(pcommon.TraceID{1})
	s.SetSpanID(pcommon.SpanID{2})
	s.SetStartTimestamp(1000)
	s.SetEndTimestamp(2000)
	s.Attributes().PutStr("http.request.method", "GET")
	s.Attributes().PutStr("http.route", "/a")
	return td, s
}

func marks(x *Extractor, td ptrace.Traces) []uint64 {
	r := x.Traces(td, time.Unix(1, 0))
	defer x.Release(r)
	return append([]uint64{}, r.Batch.Marks.Keys...)
}

// A key is made of service, IDs, kind and times, and of nothing that a proxy or
// an enriching processor may change on the way of a second try.
func TestSpanKey_I2(t *testing.T) {
	x := remembering(7)
	td, s := keyed()
	original := marks(x, td)
	assert.Len(t, original, 1)
	assert.NotZero(t, original[0])
	assert.Equal(t, original, marks(remembering(7), td), "the same in another process with the same state")
	assert.NotEqual(t, original, marks(remembering(8), td), "another one with another secret")

	s.SetName("renamed")
	s.Attributes().PutStr("http.route", "/b")
	assert.Equal(t, original, marks(x, td))
	for name, change := range map[string]func(td ptrace.Traces, s ptrace.Span){
		"trace ID": func(_ ptrace.Traces, s ptrace.Span) { s.SetTraceID(pcommon.TraceID{3}) },
		"span ID":  func(_ ptrace.Traces, s ptrace.Span) { s.SetSpanID(pcommon.SpanID{3}) },
		"start":    func(_ ptrace.Traces, s ptrace.Span) { s.SetStartTimestamp(1001) },
		"end":      func(_ ptrace.Traces, s ptrace.Span) { s.SetEndTimestamp(2001) },
		"kind":     func(_ ptrace.Traces, s ptrace.Span) { s.SetKind(ptrace.SpanKindConsumer) },
		"service": func(td ptrace.Traces, _ ptrace.Span) {
			td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", "other")
		},
	} {
		td, s := keyed()
		change(td, s)
		assert.NotEqual(t, original, marks(x, td), name)
	}
}

// Spans without IDs share the fingerprint of their batch.
func TestSpansWithoutKey_I2(t *testing.T) {
	x := remembering(7)
	batch := func(change func(first, second ptrace.Span)) []uint64 {
		td, first := keyed()
		second := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty()
		first.CopyTo(second)
		second.SetSpanID(pcommon.SpanID{9})
		change(first, second)
		return marks(x, td)
	}
	none := func(s ptrace.Span) { s.SetSpanID(pcommon.SpanID{}) }
	one := batch(func(first, _ ptrace.Span) { none(first) })
	assert.Len(t, one, 3, "two records and a fingerprint")
	assert.Zero(t, one[0])
	assert.NotZero(t, one[1])
	assert.NotZero(t, one[2])
	assert.Equal(t, one, batch(func(first, _ ptrace.Span) { none(first) }))
	assert.Equal(t, one[2], batch(func(first, second ptrace.Span) {
		none(first)
		second.SetStartTimestamp(1)
	})[2], "spans with keys do not matter")
	assert.NotEqual(t, one[2], batch(func(first, _ ptrace.Span) {
		none(first)
		first.SetEndTimestamp(2001)
	})[2])
	both := batch(func(first, second ptrace.Span) {
		none(first)
		second.SetTraceID(pcommon.TraceID{})
	})
	assert.Zero(t, both[1])
	assert.NotEqual(t, one[2], both[2])
	timeless := batch(func(first, _ ptrace.Span) {
		none(first)
		first.SetStartTimestamp(0)
		first.SetEndTimestamp(0)
	})
	assert.Len(t, timeless, 2, "two such batches may well be two")
}

func TestWithoutDedupThereAreNoKeys(t *testing.T) {
	x := New(Options{
		Endpoints: Side{Enabled: true}, Schemas: &usage.Schemas{}, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout(),
	})
	td, s := keyed()
	s.SetSpanID(pcommon.SpanID{})
	assert.Equal(t, []uint64{0}, marks(x, td))
}
