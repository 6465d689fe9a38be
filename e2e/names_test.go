package e2e

import (
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Whatever names are made of, they leave as OTLP and on a Prometheus page: control
// characters and quotes as they came, what is no text and what is too long readably.
func TestNamesOfAllCharacters_X_14(t *testing.T) {
	t.Parallel()
	out := newSink(t)
	c := start(t, setup{export: 50 * time.Millisecond, sinks: []*sink{out}})
	want, begin := tally{}, time.Now().Add(-time.Minute)
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for name, shown := range map[string]string{
		"/\x00\x01\x1f\x7f":            "/\x00\x01\x1f\x7f",
		"/\"quoted\" \\ {a=\"b\"} 1":   "/\"quoted\" \\ {a=\"b\"} 1",
		"/line\r\nbreak\tand\u2028one": "/line\r\nbreak\tand\u2028one",
		"/a\xff\xfeb":                  "/a\uFFFDb",
		"/" + strings.Repeat("é", 400): "/" + strings.Repeat("é", 117) + "~3993239176abc177",
	} {
		s := list.AppendEmpty()
		s.SetKind(ptrace.SpanKindServer)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(begin))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Second)))
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutStr("http.route", name)
		identity := served("unknown", "GET "+shown)
		want.bill("usage.endpoint.requests", identity, 1, "usage.outcome", "success")
		want.took("usage.endpoint.duration", identity, time.Second)
	}
	if err := newHTTPClient(t, c.ports.http, false).send(t.Context(), td); err != nil {
		t.Fatal(err)
	}
	reaches(t, "OTLP", want, out.totals)
	reaches(t, "page", want, func() tally { return page(t, c) })
	c.stop()
	if warnings := c.warnings(); len(warnings) > 0 {
		t.Errorf("warnings: %q", warnings)
	}
}
