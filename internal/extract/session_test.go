package extract

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// touchesOf writes what a reading tells of sessions: the owner, the ID, what happened
// and when, seen from a time.
func touchesOf(r *Reading, from time.Time) (list []string) {
	activities := []string{"succeeded", "failed", "started", "ended"}
	r.Batch.Touches(func(t usage.Touched) {
		owner := "everybody"
		if len(t.Owner) > 0 {
			owner = strings.Join(usage.Key(t.Owner).AppendValues(nil), "|")
		}
		since := func(n int64) time.Duration { return time.Unix(0, n).Sub(from) }
		list = append(list, fmt.Sprintf("%s %s %s %s..%s", owner, t.ID, activities[t.Activity], since(t.First), since(t.Last)))
	})
	return list
}

func TestSpansTouchSessions(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	server := map[string]any{"http.request.method": "GET", "http.route": "/cart", "session.id": "s"}
	model := map[string]any{"gen_ai.operation.name": "chat", "gen_ai.system": "az.ai.openai", "gen_ai.request.model": "gpt-5", "gen_ai.conversation.id": "c"}
	for name, tt := range map[string]struct {
		kind       ptrace.SpanKind
		status     ptrace.StatusCode
		start, end time.Duration // seen from the arrival; 0: not there
		attributes map[string]any
		want       []string
	}{
		"request":         {ptrace.SpanKindServer, 0, -3 * time.Second, -time.Second, server, []string{"endpoint|shop|GET /cart s succeeded -3s..-1s"}},
		"failed request":  {ptrace.SpanKindServer, ptrace.StatusCodeError, -3 * time.Second, -time.Second, server, []string{"endpoint|shop|GET /cart s failed -3s..-1s"}},
		"model":           {ptrace.SpanKindClient, 0, -3 * time.Second, -time.Second, model, []string{"provider|azure.ai.openai c succeeded -3s..-1s"}},
		"local model":     {ptrace.SpanKindInternal, 0, -3 * time.Second, -time.Second, model, []string{"provider|azure.ai.openai c succeeded -3s..-1s"}},
		"database":        {ptrace.SpanKindClient, 0, -3 * time.Second, -time.Second, map[string]any{"db.system.name": "mssql", "session.id": 7}, []string{"provider|microsoft.sql_server 7 succeeded -3s..-1s"}},
		"without times":   {ptrace.SpanKindServer, 0, 0, 0, server, []string{"endpoint|shop|GET /cart s succeeded 0s..0s"}},
		"without a start": {ptrace.SpanKindServer, 0, 0, -time.Second, server, []string{"endpoint|shop|GET /cart s succeeded -1s..-1s"}},
		"in the future":   {ptrace.SpanKindServer, 0, time.Second, 3 * time.Second, server, []string{"endpoint|shop|GET /cart s succeeded -2s..0s"}},
		"late":            {ptrace.SpanKindServer, 0, -50 * time.Hour, -49 * time.Hour, server, []string{"endpoint|shop|GET /cart s succeeded -50h0m0s..-49h0m0s"}},
		"of another age":  {ptrace.SpanKindServer, 0, -2002 * time.Hour, -2000 * time.Hour, server, []string{"endpoint|shop|GET /cart s succeeded -2h0m0s..0s"}},
		"without session": {ptrace.SpanKindServer, 0, -3 * time.Second, -time.Second, map[string]any{"http.request.method": "GET"}, nil},
		"not metered":     {ptrace.SpanKindInternal, 0, -3 * time.Second, -time.Second, map[string]any{"session.id": "s"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			td := ptrace.NewTraces()
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", "shop")
			s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			s.SetKind(tt.kind)
			s.Status().SetCode(tt.status)
			if tt.start != 0 {
				s.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(tt.start)))
			}
			if tt.end != 0 {
				s.SetEndTimestamp(pcommon.NewTimestampFromTime(now.Add(tt.end)))
			}
			require.NoError(t, s.Attributes().FromRaw(tt.attributes))
			x := newExtractor("tenant.id")
			r := x.Traces(td, now)
			defer x.Release(r)
			assert.Equal(t, tt.want, touchesOf(r, now))
		})
	}
}

func TestLogRecordsTouchSessions(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, tt := range map[string]struct {
		event      string
		timed      bool
		attributes map[string]any
		want       []string
		verdict    usage.Verdict
	}{
		"access log": {
			"", true,
			map[string]any{"method": "GET", "path": "/users/42", "status": "500", "request_time": "0.5", "session.id": "s"},
			[]string{"endpoint|shop|GET /users/{id} s failed -500ms..0s"},
			usage.Counted,
		},
		"agent": {
			"claude_code.api_request", true,
			map[string]any{"model": "claude-sonnet-5", "duration_ms": 1200, "input_tokens": 1, "session.id": "s"},
			[]string{"provider|anthropic s succeeded -1.2s..0s"},
			usage.Counted,
		},
		"agent that failed": {
			"claude_code.api_error", false,
			map[string]any{"model": "claude-sonnet-5", "error": "x", "session.id": "s"},
			[]string{"provider|anthropic s failed 0s..0s"},
			usage.Counted,
		},
		"start":                 {"session.start", true, map[string]any{"session.id": "s"}, []string{"endpoint|shop|unknown s started 0s..0s"}, usage.Counted},
		"start at a route":      {"session.start", true, map[string]any{"session.id": "s", "http.route": "/cart"}, []string{"endpoint|shop|/cart s started 0s..0s"}, usage.Counted},
		"start at a URL":        {"session.start", true, map[string]any{"session.id": "s", "url.full": "https://shop.example/a/4711?x"}, []string{"endpoint|shop|/a/{id} s started 0s..0s"}, usage.Counted},
		"start at a provider":   {"session.start", true, map[string]any{"session.id": "s", "gen_ai.provider.name": "OpenAI"}, []string{"provider|openai s started 0s..0s"}, usage.Counted},
		"start at a framework":  {"session.start", true, map[string]any{"session.id": "s", "gen_ai.system": "langchain"}, []string{"provider|unknown s started 0s..0s"}, usage.Counted},
		"start without session": {"session.start", true, map[string]any{"session.id": " "}, nil, usage.UnmeteredUnrecognized},
		"end":                   {"session.end", true, map[string]any{"session.id": "s", "url.path": "/cart"}, []string{"everybody s ended 0s..0s"}, usage.Counted},
		"end at a route":        {"session.end", true, map[string]any{"session.id": "s", "http.route": "/cart"}, []string{"endpoint|shop|/cart s ended 0s..0s"}, usage.Counted},
		"end at a provider":     {"session.end", true, map[string]any{"session.id": "s", "gen_ai.provider.name": "openai"}, []string{"provider|openai s ended 0s..0s"}, usage.Counted},
	} {
		t.Run(name, func(t *testing.T) {
			ld := plog.NewLogs()
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", "shop")
			l := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			l.SetEventName(tt.event)
			if tt.timed {
				l.SetTimestamp(pcommon.NewTimestampFromTime(now))
			}
			require.NoError(t, l.Attributes().FromRaw(tt.attributes))
			x := newExtractor()
			r := x.Logs(ld, now)
			defer x.Release(r)
			assert.Equal(t, int64(1), r.Batch.Ledger[tt.verdict])
			assert.Equal(t, int64(1), r.Batch.Ledger.Received())
			assert.Equal(t, tt.want, touchesOf(r, now))
			for _, d := range r.Batch.Seal() {
				assert.LessOrEqual(t, d.TotalRequests(), int64(1))
			}
		})
	}
}

// withSessions gives every record of a batch a session, and events besides.
func withSessions(td ptrace.Traces, ld plog.Logs) {
	n := 0
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				n++
				if n%2 == 0 {
					s.Attributes().PutInt("session.id", int64(n))
				} else {
					s.Attributes().PutStr("gen_ai.conversation.id", fmt.Sprint("conversation-", n))
				}
			}
		}
	}
	for i, rl := range ld.ResourceLogs().All() {
		rl.Resource().Attributes().PutStr("session.id", fmt.Sprint("r", i))
		for j, name := range []string{"session.start", "session.end"} {
			l := rl.ScopeLogs().At(0).LogRecords().AppendEmpty()
			l.SetEventName(name)
			l.SetTimestamp(1e18)
			l.Attributes().PutInt("session.id", int64(j))
			l.Attributes().PutStr("url.path", "/users/4711")
		}
	}
}

// A record that is not counted touches nothing.
func TestNestedRecordsTouchNothing(t *testing.T) {
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range byte(2) {
		s := list.AppendEmpty()
		s.SetKind(ptrace.SpanKindServer)
		s.SetTraceID(pcommon.TraceID{1})
		s.SetSpanID(pcommon.SpanID{i + 1})
		s.SetParentSpanID(pcommon.SpanID{i})
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutStr("session.id", fmt.Sprint("s", i))
	}
	x, now := newExtractor(), time.Unix(1_800_000_000, 0)
	r := x.Traces(td, now)
	defer x.Release(r)
	assert.Equal(t, []string{"endpoint|unknown|GET unknown s0 succeeded 0s..0s"}, touchesOf(r, now))
}

// An ID is bounded and valid, whatever it was; the same one is the same over
// processes.
func TestSessionIDsAreBounded(t *testing.T) {
	x := New(Options{
		Endpoints: Side{Enabled: true}, Providers: Side{Enabled: true}, Dialects: presets(),
		Schemas: &usage.Schemas{}, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout(), MaxValueLength: 32,
	})
	now := time.Unix(1_800_000_000, 0)
	id := func(value string) string {
		td := ptrace.NewTraces()
		s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetKind(ptrace.SpanKindServer)
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutStr("session.id", value)
		r := x.Traces(td, now)
		defer x.Release(r)
		found := ""
		r.Batch.Touches(func(t usage.Touched) { found = string(t.ID) })
		return found
	}
	long := strings.Repeat("x", 100)
	assert.Len(t, id(long), 32)
	assert.Equal(t, id(long), id(long))
	assert.NotEqual(t, id(long), id(long+"x"))
	assert.Equal(t, "a\uFFFDb", id("a\xffb"))
	assert.Equal(t, "quoted", id(`"quoted"`))
	assert.Empty(t, id("null"))
}

// Where nobody reads `session.id`, resources are not asked for it either.
func TestSessionsCanBeDisabled(t *testing.T) {
	files, err := dialect.Presets("session")
	require.NoError(t, err)
	x := New(Options{
		Endpoints: Side{Enabled: true}, Schemas: &usage.Schemas{}, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout(), Dialects: files,
	})
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("session.id", "r")
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetKind(ptrace.SpanKindServer)
	s.Attributes().PutStr("http.request.method", "GET")
	s.Attributes().PutStr("session.id", "s")
	r := x.Traces(td, time.Now())
	defer x.Release(r)
	assert.Equal(t, int64(1), r.Batch.Ledger[usage.Counted])
	assert.Empty(t, touchesOf(r, time.Now()))
}
