package usageextension

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/usage"
	"github.com/otelusage/usageprocessor/usageextension/internal/metadata"
)

const (
	token  = "correct-horse"
	prefix = "/v0/management"
)

// bench is a running extension, with what it logs.
type bench struct {
	*server
	t    testing.TB
	logs *observer.ObservedLogs
}

// start runs the extension on a free port of this machine.
func start(t testing.TB, change ...func(*Config)) *bench {
	t.Helper()
	b := newBench(t, change...)
	require.NoError(t, b.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, b.Shutdown(context.Background())) })
	return b
}

func newBench(t testing.TB, change ...func(*Config)) *bench {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.NetAddr.Endpoint = "localhost:0"
	cfg.Token = token
	for _, f := range change {
		f(cfg)
	}
	require.NoError(t, cfg.Validate())
	core, logs := observer.New(zap.DebugLevel)
	set := extensiontest.NewNopSettings(metadata.Type)
	set.Logger = zap.New(core)
	s, err := newServer(set, cfg)
	require.NoError(t, err)
	return &bench{server: s, t: t, logs: logs}
}

func withoutToken(c *Config) { c.Token = "" }

// presets are the built-in dialects, parsed once for all tests.
var presets = sync.OnceValues(func() (meter.Dialects, error) {
	list, err := dialect.Presets()
	return meter.Dialects{Files: list}, err
})

// open opens a meter and registers it; both ends with the test.
func (b *bench) open(id string, change ...func(*meter.Options)) *meter.Meter {
	b.t.Helper()
	m := newMeter(b.t, id, change...)
	unregister := b.Register(idOf(b.t, id), m)
	b.t.Cleanup(func() {
		unregister()
		require.NoError(b.t, m.Close())
	})
	return m
}

func newMeter(t testing.TB, id string, change ...func(*meter.Options)) *meter.Meter {
	t.Helper()
	o := meter.Options{
		Endpoints: extract.Side{Enabled: true}, Providers: extract.Side{Enabled: true}, Dialects: presets,
		Layout: usage.ExponentialLayout(), ExportInterval: time.Hour, MaxSeries: 100_000, Retention: time.Hour,
		Sessions: meter.Sessions{TTL: time.Hour, Max: 1000},
	}
	for _, f := range change {
		f(&o)
	}
	set := componenttest.NewNopTelemetrySettings()
	m, err := meter.Open(meter.Settings{ID: idOf(t, id), Telemetry: set, BuildInfo: component.BuildInfo{Version: "1.2.3"}}, o)
	require.NoError(t, err)
	return m
}

func idOf(t testing.TB, text string) (id component.ID) {
	t.Helper()
	require.NoError(t, id.UnmarshalText([]byte(text)))
	return id
}

// kept keeps usage in a directory.
func kept(t testing.TB, directory string) func(*meter.Options) {
	t.Helper()
	return func(o *meter.Options) {
		o.Persistence = &meter.Persistence{
			Enabled: true, Place: directory, Path: directory, Interval: time.Hour, Durability: meter.Write,
			Open:      func(owner string) (files.FS, error) { return files.Open(directory, owner) },
			Check:     func(name string) error { return files.CheckBelow(directory, name) },
			OpenBelow: func(name, owner string) (files.FS, error) { return files.OpenBelow(directory, name, owner) },
		}
	}
}

// answer is what a request was answered with.
type answer struct {
	status int
	header http.Header
	body   string
}

// json decodes the body.
func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.body), &value), a.body)
	return value
}

// error is the text of an answer that is an error.
func (a answer) error(t testing.TB) string {
	t.Helper()
	text, _ := a.json(t)["error"].(string)
	require.NotEmpty(t, text, a.body)
	return text
}

// number is one of the answer's, by its path.
func (a answer) number(t testing.TB, path ...string) float64 {
	t.Helper()
	n, ok := a.at(t, path...).(float64)
	require.True(t, ok, "%v of %s", path, a.body)
	return n
}

func (a answer) at(t testing.TB, path ...string) any {
	t.Helper()
	value := any(a.json(t))
	for _, key := range path {
		object, ok := value.(map[string]any)
		require.True(t, ok, "%v of %s", path, a.body)
		value = object[key]
	}
	return value
}

// client is the address of a client on this machine.
const client = "127.0.0.1:50000"

// from answers a request of a client by its address, without a network between. A
// header "Host" is the name that the server is asked by.
func (b *bench) from(client, method, path, body string, headers ...string) answer {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, "http://localhost:8688"+path, strings.NewReader(body))
	r.RemoteAddr = client
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.http.Handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// of is the bench of a part of a test.
func (b *bench) of(t testing.TB) *bench { return &bench{b.server, t, b.logs} }

func (b *bench) get(path string) answer {
	b.t.Helper()
	return b.from(client, http.MethodGet, path, "")
}

// management answers a request to a route of the API, with the token.
func (b *bench) management(method, route, body string) answer {
	b.t.Helper()
	return b.from(client, method, prefix+route, body, "X-Management-Key", token)
}

// url is where the server listens.
func (b *bench) url(path string) string { return "http://" + b.listener.Addr().String() + path }

// over asks over the network.
func (b *bench) over(method, path string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url(path), http.NoBody)
	require.NoError(b.t, err)
	r.Header.Set("X-Management-Key", token)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(r)
	require.NoError(b.t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	require.NoError(b.t, response.Body.Close())
	return answer{response.StatusCode, response.Header, string(body)}
}

// spans are what meters are fed with.
type spans struct {
	ptrace.Traces
	list ptrace.SpanSlice
}

var spanIDs atomic.Uint64

func newSpans(service string) spans {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	return spans{td, rs.ScopeSpans().AppendEmpty().Spans()}
}

func (s spans) add(kind ptrace.SpanKind, status int64) pcommon.Map {
	span := s.list.AppendEmpty()
	id := spanIDs.Add(1)
	span.SetTraceID(pcommon.TraceID(binary.BigEndian.AppendUint64([]byte("trace-id"), id)))
	span.SetSpanID(pcommon.SpanID(binary.BigEndian.AppendUint64(nil, id)))
	span.SetKind(kind)
	now := time.Now()
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-2 * time.Second)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
	span.Attributes().PutInt("http.response.status_code", status)
	return span.Attributes()
}

// request adds one that a service has served.
func (s spans) request(route string, status int64) pcommon.Map {
	a := s.add(ptrace.SpanKindServer, status)
	a.PutStr("http.request.method", "GET")
	a.PutStr("http.route", route)
	return a
}

// inference adds a call of a model.
func (s spans) inference(provider, model string, status int64) pcommon.Map {
	a := s.add(ptrace.SpanKindClient, status)
	a.PutStr("gen_ai.operation.name", "chat")
	a.PutStr("gen_ai.provider.name", provider)
	a.PutStr("gen_ai.request.model", model)
	a.PutInt("gen_ai.usage.input_tokens", 100)
	a.PutInt("gen_ai.usage.output_tokens", 20)
	return a
}

func (s spans) send(t testing.TB, m *meter.Meter) {
	t.Helper()
	require.NoError(t, m.Traces(t.Context(), s.Traces, consumertest.NewNop()))
}

// shop is some usage: two models of two providers, three calls and one that failed, and
// two endpoints.
func shop(t testing.TB, m *meter.Meter) {
	t.Helper()
	s := newSpans("shop")
	s.request("/cart", 200)
	s.request("/cart", 200)
	s.request("/pay", 500)
	s.inference("openai", "gpt-5", 200)
	s.inference("openai", "gpt-5-mini", 200)
	s.inference("anthropic", "claude-sonnet-4", 200)
	s.inference("anthropic", "claude-sonnet-4", 500)
	s.send(t, m)
}

// crowd makes so many series of endpoints.
func crowd(t testing.TB, m *meter.Meter, series int) {
	t.Helper()
	const batch = 1000
	for from := 0; from < series; from += batch {
		s := newSpans("crowd")
		for i := from; i < min(series, from+batch); i++ {
			s.request(fmt.Sprintf("/route/%d", i), 200)
		}
		s.send(t, m)
	}
}

func marshal(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

func packed(t testing.TB, text string) string {
	t.Helper()
	var b strings.Builder
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}
