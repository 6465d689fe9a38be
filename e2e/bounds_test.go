package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// bounded has few series for many users, a meter of its own, and sessions.
const bounded = `
    pricing: {enabled: false}
    endpoints: {dimensions: [{name: user.email, hash: true}]}
    limits: {max_series: 20}
    sessions: {ttl: 1h}
    meters:
      - name: uploads
        signal: traces
        condition: attributes["http.route"] == "/upload" and IsMatch(attributes["user.email"], "@example.com$")
        value: attributes["http.request.body.size"]
        unit: By` + defaultProcessor

// users is a batch of requests, each of another user, in seven sessions.
func users(first, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	list := rs.ScopeSpans().AppendEmpty().Spans()
	now := time.Now()
	for i := first; i < first+n; i++ {
		s := list.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, byte(i), byte(i >> 8)})
		s.SetSpanID(pcommon.SpanID{1, byte(i), byte(i >> 8)})
		s.SetKind(ptrace.SpanKindServer)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Millisecond)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		s.Attributes().PutStr("http.request.method", "POST")
		s.Attributes().PutStr("http.route", []string{"/upload", "/read"}[i%2])
		s.Attributes().PutInt("http.request.body.size", 10)
		s.Attributes().PutStr("user.email", fmt.Sprintf("user%d@example.com", i))
		s.Attributes().PutStr("session.id", fmt.Sprint("s", i%7))
	}
	return td
}

// sumOf adds up all series of a metric.
func sumOf(t tally, metric string) (n int64) {
	for name, value := range t {
		if strings.HasPrefix(name, metric+"{") {
			n += value
		}
	}
	return n
}

// However many users there are, and however often it is killed, the collector has
// few series, and all of the requests, hits and sessions in them. Nobody's address
// gets out.
func TestBoundedAndExactAfterKills_B_R2_C_F23(t *testing.T) {
	t.Parallel()
	out := newSink(t)
	s := setup{state: t.TempDir(), export: 50 * time.Millisecond, sinks: []*sink{out}, processor: bounded}
	const batches, size = 6, 100
	for n := range batches {
		c := start(t, s)
		to := newHTTPClient(t, c.ports.http, false)
		td := users(n*size, size)
		for range 2 { // the second time they are duplicates
			if err := to.send(t.Context(), td); err != nil {
				t.Fatal(err)
			}
		}
		c.kill()
	}
	c := start(t, s)
	got := out.refresh()
	c.stop()
	for metric, want := range map[string]int64{
		pageName("usage.endpoint.requests"): batches * size,
		"usage.meter.uploads.count":         batches * size / 2,
		"usage.sessions.opened":             2 * 7, // of two endpoints
		"usage.sessions.closed":             0,
	} {
		if n := sumOf(got, metric); n != want {
			t.Errorf("%s is %d, want %d", metric, n, want)
		}
	}
	own := 0
	for name := range got {
		if strings.HasPrefix(name, pageName("usage.endpoint.requests")) {
			own++
		}
		if strings.Contains(name, "example.com") || strings.Contains(name, "user1") {
			t.Errorf("somebody's address is in %s", name)
		}
	}
	if own != 20 {
		t.Errorf("%d series, want 18 of users and one for each route", own)
	}
	if strings.Contains(c.log(), "example.com\"") || strings.Contains(c.log(), "user1@") {
		t.Error("somebody's address is in the log")
	}
}
