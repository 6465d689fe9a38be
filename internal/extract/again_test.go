package extract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// A batch whose spans have no IDs is known again by the next process, which may
// number its schemas in another order: that of the state that it has read.
func TestFingerprintOutlivesTheProcess_I2(t *testing.T) {
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetKind(ptrace.SpanKindServer)
	s.SetEndTimestamp(1e18)
	s.Attributes().PutStr("http.route", "/a")
	fingerprint := func(first usage.Kind) uint64 {
		schemas := &usage.Schemas{}
		schemas.Intern(first, usage.BaseNames(first))
		side := Side{Enabled: true}
		x := New(Options{
			Endpoints: side, Providers: side, Schemas: schemas, Hasher: usage.NewHasher(),
			Layout: usage.ExponentialLayout(), Dedup: Dedup{Enabled: true}, Dialects: presets(), Secret: Secret{1},
		})
		keys := x.Traces(td, time.Unix(1e9, 0)).Batch.Marks.Keys
		return keys[len(keys)-1]
	}
	assert.Equal(t, fingerprint(usage.Endpoint), fingerprint(usage.Provider))
}

// A retry may be merged with what it repeats: nested records of one batch stay
// nested, however often they are in it.
func TestNestedTwiceInOneBatch_I2(t *testing.T) {
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for range 2 {
		for id := byte(1); id <= 2; id++ { // a framework's span, and the SDK's below it
			s := list.AppendEmpty()
			s.SetKind(ptrace.SpanKindClient)
			s.SetTraceID(pcommon.TraceID{1})
			s.SetSpanID(pcommon.SpanID{id})
			s.SetParentSpanID(pcommon.SpanID{id - 1})
			s.Attributes().PutStr("gen_ai.provider.name", "openai")
		}
	}
	x := newExtractor()
	r := x.Traces(td, time.Now())
	assert.Equal(t, usage.Ledger{usage.Counted: 2, usage.SkippedNested: 2}, r.Batch.Ledger, "before duplicates are taken out")
	for i := range 2 { // as the engine marks them
		r.Batch.Marks.Seen[2+i] = true
	}
	r.Batch.DropDuplicates()
	assert.Equal(t, usage.Ledger{usage.Counted: 1, usage.SkippedNested: 1, usage.Duplicate: 2}, r.Batch.Ledger)
	x.Release(r)
}
