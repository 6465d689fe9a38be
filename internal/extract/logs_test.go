package extract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// lines is a batch with log records of every kind that is metered, and others.
func lines() plog.Logs {
	ld := plog.NewLogs()
	add := func(service, body string, attrs map[string]any) {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", service)
		for i := range 10 {
			l := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			l.SetTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-time.Duration(i) * time.Second)))
			l.Body().SetStr(body)
			_ = l.Attributes().FromRaw(attrs)
		}
	}
	add("claude-code", "claude_code.api_request", map[string]any{
		"event.name": "api_request", "model": "claude-sonnet-5", "cost_usd": 0.01, "duration_ms": 1200,
		"input_tokens": 10, "output_tokens": "20", "cache_read_tokens": 5, "cache_creation_tokens": 0,
	})
	add("edge", "", map[string]any{"method": "GET", "path": "/users/42", "status": "200", "request_time": "0.012", "body_bytes_sent": "512"})
	add("app", "started", map[string]any{"port": 80})
	return ld
}

func TestEveryLogRecordHasAVerdict(t *testing.T) {
	x := newExtractor()
	ld := lines()
	r := x.Logs(ld, time.Now())
	assert.Equal(t, int64(ld.LogRecordCount()), r.Batch.Ledger.Received())
	assert.Equal(t, int64(20), r.Batch.Ledger[usage.Counted])
	assert.Equal(t, int64(10), r.Batch.Ledger[usage.UnmeteredUnrecognized])
	x.Release(r)
}

// A log record is the same one if its writer says so, or if nothing of it differs.
func TestLogKeys_I2(t *testing.T) {
	x := New(Options{
		Endpoints: Side{Enabled: true}, Providers: Side{Enabled: true}, Dialects: presets(),
		Schemas: &usage.Schemas{}, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout(),
		Dedup: Dedup{Enabled: true, LogAttributes: []string{"gen_ai.response.id", "request_id"}},
	})
	key := func(change func(plog.LogRecord)) uint64 {
		ld := plog.NewLogs()
		l := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		l.SetTimestamp(1e18)
		require.NoError(t, l.Attributes().FromRaw(map[string]any{"method": "GET", "path": "/a", "status": 200}))
		change(l)
		r := x.Logs(ld, time.Unix(1e9, 0))
		defer x.Release(r)
		require.Equal(t, int64(1), r.Batch.Ledger[usage.Counted])
		return r.Batch.Marks.Keys[0]
	}
	same := key(func(plog.LogRecord) {})
	assert.NotZero(t, same)
	assert.Equal(t, same, key(func(plog.LogRecord) {}))
	for name, change := range map[string]func(plog.LogRecord){
		"time":      func(l plog.LogRecord) { l.SetTimestamp(1e18 + 1) },
		"trace":     func(l plog.LogRecord) { l.SetTraceID(pcommon.TraceID{1}) },
		"span":      func(l plog.LogRecord) { l.SetSpanID(pcommon.SpanID{1}) },
		"body":      func(l plog.LogRecord) { l.Body().SetStr("x") },
		"event":     func(l plog.LogRecord) { l.SetEventName("x") },
		"attribute": func(l plog.LogRecord) { l.Attributes().PutStr("x", "y") },
		"type":      func(l plog.LogRecord) { l.Attributes().PutStr("status", "200") },
		"id":        func(l plog.LogRecord) { l.Attributes().PutStr("request_id", "r1") },
	} {
		assert.NotEqual(t, same, key(change), name)
	}
	id := func(at pcommon.Timestamp, first string) uint64 {
		return key(func(l plog.LogRecord) {
			l.SetTimestamp(at)
			l.Attributes().PutStr("request_id", "r1")
			if first != "" {
				l.Attributes().PutStr("gen_ai.response.id", first)
			}
		})
	}
	assert.Equal(t, id(1e18, ""), id(2e18, ""), "an ID is enough")
	assert.NotEqual(t, id(1e18, ""), id(1e18, "resp"), "the first of the attributes that is there")
	assert.Zero(t, key(func(l plog.LogRecord) { l.SetTimestamp(0) }), "nothing tells two that look alike apart")
}

// FuzzLogs feeds anything that decodes as OTLP.
func FuzzLogs(f *testing.F) {
	seed, err := (&plog.ProtoMarshaler{}).MarshalLogs(lines())
	require.NoError(f, err)
	f.Add(seed)
	events := lines()
	withSessions(ptrace.NewTraces(), events)
	seed, err = (&plog.ProtoMarshaler{}).MarshalLogs(events)
	require.NoError(f, err)
	f.Add(seed)
	x := newExtractor("tenant.id", "http.route")
	f.Fuzz(func(t *testing.T, data []byte) {
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
		if err != nil {
			return
		}
		r := x.Logs(ld, time.Unix(1e9, 0))
		requireSoundBatch(t, r, int64(ld.LogRecordCount()))
		x.Release(r)
	})
}
