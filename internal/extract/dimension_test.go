package extract

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// hashing has one dimension that is hashed, and the same value in one that is not.
func hashing(secret Secret, limit int) *Extractor {
	side := Side{Enabled: true, Dimensions: []Dimension{{Name: "user.email", Hash: true}, {Name: "tenant.id"}}}
	return New(Options{
		Endpoints: side, Providers: side, MaxValueLength: limit,
		Schemas: &usage.Schemas{}, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout(),
		Dedup: Dedup{Enabled: true}, Dialects: presets(), Secret: secret,
	})
}

// hashedIn is the hashed dimension of the only identity in a batch.
func hashedIn(t *testing.T, x *Extractor, td ptrace.Traces) string {
	t.Helper()
	r := x.Traces(td, time.Unix(1, 0))
	defer x.Release(r)
	key, _ := r.Batch.Key(0)
	values := usage.Key(key).AppendValues(nil)
	assert.Equal(t, usage.Unknown, values[len(values)-1])
	return strings.Clone(values[len(values)-2])
}

// with is a request, or a call to a model, of somebody.
func with(kind ptrace.SpanKind, email any) ptrace.Traces {
	td, s := keyed()
	s.SetKind(kind)
	if kind == ptrace.SpanKindClient {
		_ = s.Attributes().FromRaw(map[string]any{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"})
	}
	if email != nil {
		_ = s.Attributes().PutEmpty("user.email").FromRaw(email)
	}
	return td
}

// What stands for a value is the same in every process with the same state, for
// endpoints and providers, and another one with another state.
func TestHashedDimensions(t *testing.T) {
	secret := Secret{1, 2, 3}
	x := hashing(secret, 32)
	assert.Equal(t, "567411b45a8d68b15416d1be39796855", hashedIn(t, x, with(ptrace.SpanKindServer, "ada@example.com")), "part of the stored format")
	for _, value := range []struct {
		is   any
		text string
	}{
		{"ada@example.com", "ada@example.com"},
		{"Ada@example.com", "Ada@example.com"},
		{usage.Unknown, usage.Unknown},
		{strings.Repeat("x", 5000), strings.Repeat("x", 5000)},
		{"\xff", "\xff"},
		{42, "42"},
		{true, "true"},
		{[]any{"a", 1}, `["a",1]`},
	} {
		want := expected(secret, value.text)
		assert.Len(t, want, 32)
		for _, kind := range []ptrace.SpanKind{ptrace.SpanKindServer, ptrace.SpanKindClient} {
			assert.Equal(t, want, hashedIn(t, x, with(kind, value.is)), "%v", value.is)
			assert.Equal(t, want, hashedIn(t, hashing(secret, 0), with(kind, value.is)), "%v, in another process", value.is)
			assert.NotEqual(t, want, hashedIn(t, hashing(Secret{9}, 0), with(kind, value.is)), "%v, with another secret", value.is)
		}
	}
	for _, missing := range []any{nil, ""} {
		assert.Equal(t, usage.Unknown, hashedIn(t, x, with(ptrace.SpanKindServer, missing)))
	}
}

// expected is the hash of a value, step by step.
func expected(secret Secret, value string) string {
	key := hmac.New(sha256.New, secret[:])
	key.Write([]byte("usage: hashed dimensions"))
	h := hmac.New(sha256.New, key.Sum(nil))
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Wherever the attribute stands, its value is hashed.
func TestHashedDimensionsOfAllPlaces(t *testing.T) {
	want := expected(Secret{1}, "ada@example.com")
	for name, put := range map[string]func(ptrace.ResourceSpans){
		"record":   func(rs ptrace.ResourceSpans) { putEmail(rs.ScopeSpans().At(0).Spans().At(0).Attributes()) },
		"scope":    func(rs ptrace.ResourceSpans) { putEmail(rs.ScopeSpans().At(0).Scope().Attributes()) },
		"resource": func(rs ptrace.ResourceSpans) { putEmail(rs.Resource().Attributes()) },
	} {
		td, _ := keyed()
		put(td.ResourceSpans().At(0))
		assert.Equal(t, want, hashedIn(t, hashing(Secret{1}, 0), td), name)
	}
}

func putEmail(m pcommon.Map) { m.PutStr("user.email", "ada@example.com") }

// Nothing that outlives the telemetry holds what must not be read: neither keys, nor
// what records without a key of their own share.
func TestHashedDimensionsLeaveNothingBehind(t *testing.T) {
	x := hashing(Secret{1}, 0)
	td, s := keyed()
	s.SetSpanID(pcommon.SpanID{})
	putEmail(s.Attributes())
	r := x.Traces(td, time.Unix(1, 0))
	defer x.Release(r)
	key, _ := r.Batch.Key(0)
	for what, bytes := range map[string][]byte{"key": key, "builder": r.key.Bytes(), "fingerprint": r.unkeyed.values[:cap(r.unkeyed.values)]} {
		assert.NotContains(t, string(bytes), "ada@", what)
	}
}
