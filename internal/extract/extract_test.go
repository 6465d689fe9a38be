package extract

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

func newExtractor(dimensions ...string) *Extractor {
	side := Side{Enabled: true, Dimensions: named(dimensions...)}
	return New(Options{
		Endpoints: side, Providers: side,
		Schemas: &usage.Schemas{}, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout(),
		Dedup: Dedup{Enabled: true}, Dialects: presets(),
	})
}

// named are dimensions that say what the attributes say.
func named(names ...string) []Dimension {
	var list []Dimension
	for _, name := range names {
		list = append(list, Dimension{Name: name})
	}
	return list
}

func presets() []*dialect.File {
	files, err := dialect.Presets()
	if err != nil {
		panic(err)
	}
	return files
}

// mixed is a batch with spans of every kind that is metered.
func mixed() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	list := rs.ScopeSpans().AppendEmpty().Spans()
	add := func(kind ptrace.SpanKind, attrs map[string]any) {
		for i := range 20 {
			s := list.AppendEmpty()
			s.SetKind(kind)
			if i > 0 { // the first has no key of its own
				s.SetTraceID(pcommon.TraceID{1})
			}
			s.SetSpanID(pcommon.SpanID{byte(list.Len()), byte(list.Len() >> 8), 1})
			s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-time.Second)))
			s.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			_ = s.Attributes().FromRaw(attrs)
			s.Attributes().PutStr("tenant.id", fmt.Sprint(i%3))
		}
	}
	add(ptrace.SpanKindServer, map[string]any{"http.request.method": "GET", "url.path": "/users/42", "http.response.status_code": 200})
	add(ptrace.SpanKindServer, map[string]any{"rpc.system": "grpc", "rpc.service": "pkg.S", "rpc.method": "M", "rpc.grpc.status_code": 5})
	add(ptrace.SpanKindConsumer, map[string]any{"messaging.system": "kafka", "messaging.destination.name": "orders"})
	add(ptrace.SpanKindProducer, map[string]any{"messaging.system": "kafka", "messaging.destination.name": "orders"})
	add(ptrace.SpanKindClient, map[string]any{"db.system": "mssql", "db.statement": "select 1"})
	add(ptrace.SpanKindClient, map[string]any{"http.method": "POST", "http.url": "https://api.openai.com/v1/chat"})
	add(ptrace.SpanKindClient, map[string]any{"rpc.system": "aws-api", "rpc.service": "S3", "rpc.method": "PutObject"})
	add(ptrace.SpanKindClient, map[string]any{
		"gen_ai.operation.name": "chat", "gen_ai.provider.name": "OpenAI", "gen_ai.response.model": "gpt-5",
		"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": "20", "gen_ai.response.time_to_first_chunk": 0.1,
	})
	add(ptrace.SpanKindInternal, nil)
	return td
}

func TestEveryItemHasAVerdict(t *testing.T) {
	x := newExtractor()
	td := mixed()
	r := x.Traces(td, time.Now())
	assert.Equal(t, int64(td.SpanCount()), r.Batch.Ledger.Received())
	assert.Equal(t, int64(20), r.Batch.Ledger[usage.UnmeteredInternal])
	assert.Equal(t, int64(160), r.Batch.Ledger[usage.Counted])
	x.Release(r)
}

// A reading must not keep anything of the telemetry: pdata may be reused.
func TestReadingsOutliveTheirTelemetry(t *testing.T) {
	x := newExtractor()
	td := mixed()
	r := x.Traces(td, time.Now())
	for _, found := range r.values.slots {
		assert.Equal(t, slot{}, found)
	}
	for _, rs := range td.ResourceSpans().All() {
		rs.Resource().Attributes().Clear()
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				s.Attributes().Clear()
			}
		}
	}
	key, _ := r.Batch.Key(0)
	assert.Equal(t, []string{"shop", "http", "GET /users/{id}"}, usage.Key(key).AppendValues(nil))
	x.Release(r)
}

func TestHours(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC)
	h := hours{calendar: usage.NewCalendar(time.UTC)}
	h.begin(now)
	at := func(d time.Duration) int64 {
		start, _ := h.of(pcommon.NewTimestampFromTime(now.Add(d)))
		return start
	}
	this := now.Truncate(time.Hour).Unix()
	assert.Equal(t, this, at(0))
	assert.Equal(t, this-3600, at(-31*time.Minute))
	assert.Equal(t, this, at(-time.Minute))
	assert.Equal(t, this-3600, at(-time.Hour), "just in time")
	assert.Equal(t, this, at(-time.Hour-1), "too late: the hour of arrival")
	assert.Equal(t, this, at(time.Second), "the future: the hour of arrival")
	assert.Equal(t, this, at(-time.Duration(now.UnixNano())), "no end")
}

// FuzzTraces feeds anything that decodes as OTLP.
func FuzzTraces(f *testing.F) {
	marshaler := ptrace.ProtoMarshaler{}
	seed, err := marshaler.MarshalTraces(mixed())
	require.NoError(f, err)
	f.Add(seed)
	x := newExtractor("tenant.id", "http.route")
	f.Fuzz(func(t *testing.T, data []byte) {
		unmarshaler := ptrace.ProtoUnmarshaler{}
		td, err := unmarshaler.UnmarshalTraces(data)
		if err != nil {
			return
		}
		r := x.Traces(td, time.Unix(1e9, 0))
		assert.Equal(t, int64(td.SpanCount()), r.Batch.Ledger.Received())
		var requests int64
		for _, d := range r.Batch.Seal() {
			requests += d.TotalRequests()
		}
		assert.Equal(t, r.Batch.Ledger[usage.Counted], requests)
		x.Release(r)
	})
}

// Under a span of its own process that serves nothing, a request is a request.
func TestServerUnderAnInternalSpanCounts(t *testing.T) {
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i, kind := range []ptrace.SpanKind{ptrace.SpanKindInternal, ptrace.SpanKindServer} {
		s := list.AppendEmpty()
		s.SetKind(kind)
		s.SetFlags(0x101)
		s.SetTraceID(pcommon.TraceID{1})
		s.SetSpanID(pcommon.SpanID{byte(i + 1)})
		s.SetParentSpanID(pcommon.SpanID{byte(i)})
		s.Attributes().PutStr("http.request.method", "GET")
	}
	x := newExtractor()
	r := x.Traces(td, time.Now())
	assert.Equal(t, usage.Ledger{usage.Counted: 1, usage.UnmeteredInternal: 1}, r.Batch.Ledger)
	x.Release(r)
}
