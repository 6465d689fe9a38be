package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// moment is a time in a test: no two are the same.
type moment struct {
	n  uint64
	at time.Time
}

// story is what happens to one call: what its programs send, in which order does
// not matter, and what it has to add.
type story func(m moment, want tally) []parcel

// bill notes n of a measure of a provider, or of an endpoint.
func (t tally) bill(metric string, identity map[string]string, n int64, label ...string) {
	labels := maps.Clone(identity)
	if len(label) > 0 {
		labels[label[0]] = label[1]
	}
	if n != 0 {
		t[series(pageName(metric), labels)] += n
	}
}

// took notes a duration.
func (t tally) took(metric string, identity map[string]string, d time.Duration) {
	t[series(pageName(metric)+"_count", identity)]++
	t[series(pageName(metric)+"_sum", identity)] += int64(d)
}

func model(service, provider, model string) map[string]string {
	return map[string]string{
		"usage.service": service, "usage.provider": provider, "usage.provider.kind": "gen_ai",
		"usage.model": model, "usage.operation": "chat",
	}
}

func served(service, endpoint string) map[string]string {
	return map[string]string{"usage.service": service, "usage.protocol": "http", "usage.endpoint": endpoint}
}

// tokens are those of a call, by type.
type tokens struct{ input, cacheRead, cacheWrite, output, reasoning int64 }

// asked notes a call to a model.
func (t tally) asked(identity map[string]string, outcome string, n tokens, took time.Duration) {
	t.bill("usage.provider.requests", identity, 1, "usage.outcome", outcome)
	t.bill("usage.provider.tokens", identity, n.input, "usage.token.type", "input")
	t.bill("usage.provider.tokens", identity, n.cacheRead, "usage.token.type", "cache_read")
	t.bill("usage.provider.tokens", identity, n.cacheWrite, "usage.token.type", "cache_write")
	t.bill("usage.provider.tokens", identity, n.output, "usage.token.type", "output")
	t.bill("usage.provider.tokens", identity, n.reasoning, "usage.token.type", "reasoning")
	t.took("usage.provider.duration", identity, took)
}

const (
	reported = "reported"
	priced   = "priced"
)

func (t tally) cost(identity map[string]string, nanos int64, source string) {
	t.bill("usage.provider.cost", identity, nanos, "usage.cost.source", source)
}

// prices are USD per million tokens, that is thousands of nano-dollars per
// token. Those of Anthropic would make another cost than what is reported.
const prices = `
prices:
  - {provider: openai, model: gpt-5, input: 1.25, cache_read: 0.125, cache_write: 2, output: 10}
  - {provider: openai, model: gpt-5.5, input: 2, cache_read: 0.2, output: 16, reasoning: 20}
  - {provider: anthropic, model: "*", input: 3, cache_read: 0.3, cache_write: 3.75, output: 15}
`

// claudeCode tells of a call in a log record and, in metrics, of its tokens and
// its cost. Failures are log records only.
func claudeCode(m moment, want tally) []parcel {
	const name = "claude-sonnet-4-5-20250929"
	id := model("claude-code", "anthropic", name)
	n := tokens{input: 4 + int64(m.n%7), cacheRead: 20000, cacheWrite: int64(m.n % 3 * 100), output: 200}
	micros := 31500 + int64(m.n%11)
	want.asked(id, "success", n, 4*time.Second)
	want.cost(id, micros*1000, reported)
	request := map[string]any{
		"event.name": "api_request", "session.id": "s1", "event.sequence": int64(m.n), "model": name,
		"cost_usd": float64(micros) / 1e6, "duration_ms": 4000, "input_tokens": n.input, "output_tokens": n.output,
		"cache_read_tokens": n.cacheRead, "cache_creation_tokens": n.cacheWrite,
		"request_id": fmt.Sprintf("req_011CSHoEeqs5C35K%09d", m.n), "speed": "normal",
	}
	if m.n%2 == 0 {
		request["cost_usd_micros"] = micros
		request["input_tokens"], request["duration_ms"] = fmt.Sprint(n.input), "4000" // as older ones send it
	}
	lines := []line{{body: "claude_code.api_request", at: m.at, seen: m.at, attributes: request}}
	if m.n%4 == 1 {
		want.asked(id, "throttled", tokens{}, time.Second)
		failure := map[string]any{
			"event.name": "api_error", "session.id": "s1", "event.sequence": int64(m.n), "model": name,
			"error": "Overloaded", "status_code": 529, "attempt": 11, "duration_ms": 1000,
		}
		lines = append(lines, line{body: "claude_code.api_error", at: m.at, seen: m.at, attributes: failure})
	}
	point := func(kind string, value int64) delta {
		return delta{
			start: m.at.Add(-time.Minute), end: m.at, value: value,
			attributes: map[string]any{"session.id": "s1", "model": name, "type": kind},
		}
	}
	usage := counter{name: "claude_code.token.usage", unit: "tokens", points: []delta{
		point("input", n.input), point("output", n.output), point("cacheRead", n.cacheRead), point("cacheCreation", n.cacheWrite),
	}}
	cost := counter{name: "claude_code.cost.usage", unit: "USD", points: []delta{{
		start: m.at.Add(-time.Minute), end: m.at, value: float64(micros) / 1e6, attributes: map[string]any{"session.id": "s1", "model": name},
	}}}
	from := origin{service: "claude-code", scope: "com.anthropic.claude_code.events"}
	return []parcel{
		from.logs(lines...),
		origin{service: "claude-code", scope: "com.anthropic.claude_code"}.metrics(usage, cost),
	}
}

// codex tells of a call in several log records, of which one has the tokens; it
// has no time but that of its observation. A model without a price is unpriced.
func codex(m moment, want tally) []parcel {
	name := "gpt-5.5"
	n := tokens{input: 994 + int64(m.n%5), cacheRead: 9000, output: 200, reasoning: 300}
	if m.n%5 == 0 {
		name = "house-model"
	}
	id := model("codex_cli_rs", "openai", name)
	want.asked(id, "success", n, 3*time.Second)
	if name == "gpt-5.5" {
		want.cost(id, n.input*2000+n.cacheRead*200+n.output*16000+n.reasoning*20000, priced)
	} else {
		want.bill("usage.provider.requests.unpriced", id, 1)
	}
	record := func(attributes map[string]any) line {
		all := map[string]any{"conversation.id": "c1", "model": name, "slug": name, "event.sequence": int64(m.n)}
		maps.Copy(all, attributes)
		return line{event: "event otel/src/events/session_telemetry.rs:925", seen: m.at, attributes: all}
	}
	lines := []line{
		record(map[string]any{"event.name": "codex.api_request", "duration_ms": "700", "http.response.status_code": 200, "attempt": 0}),
		record(map[string]any{"event.name": "codex.sse_event", "event.kind": "response.completed", "duration_ms": "3000"}),
		record(map[string]any{
			"event.name": "codex.sse_event", "event.kind": "response.completed", "duration_ms": "3000",
			"input_token_count": fmt.Sprint(n.input + n.cacheRead), "output_token_count": fmt.Sprint(n.output + n.reasoning),
			"cached_token_count": n.cacheRead, "reasoning_token_count": n.reasoning,
			"tool_token_count": fmt.Sprint(n.input + n.cacheRead + n.output + n.reasoning),
		}),
	}
	if m.n%6 == 1 {
		want.asked(id, "throttled", tokens{}, 500*time.Millisecond)
		lines = append(lines, record(map[string]any{
			"event.name": "codex.api_request", "duration_ms": "500", "http.response.status_code": 429, "error.message": "rate limit reached", "attempt": 1,
		}))
	}
	return []parcel{origin{service: "codex_cli_rs", scope: "codex"}.logs(lines...)}
}

// agent serves a request with an agent whose span repeats what its call to a
// model used, and below that there is the call's HTTP request. Exporters cut
// traces anywhere.
func agent(m moment, want tally) []parcel {
	n := tokens{input: 60 + int64(m.n%9), cacheRead: 40, output: 25, reasoning: 5}
	id := model("assistant", "openai", "gpt-5")
	want.asked(id, "success", n, 2*time.Second)
	want.cost(id, n.input*1250+n.cacheRead*125+(n.output+n.reasoning)*10000, priced)
	end := served("assistant", "POST /chat")
	want.bill("usage.endpoint.requests", end, 1, "usage.outcome", "success")
	want.took("usage.endpoint.duration", end, 4*time.Second)

	usage := map[string]any{
		"gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5",
		"gen_ai.usage.input_tokens": n.input + n.cacheRead, "gen_ai.usage.cache_read.input_tokens": n.cacheRead,
		"gen_ai.usage.output_tokens": n.output + n.reasoning, "gen_ai.usage.reasoning.output_tokens": n.reasoning,
	}
	with := func(attributes map[string]any) map[string]any {
		all := maps.Clone(usage)
		maps.Copy(all, attributes)
		return all
	}
	spans := []span{
		{
			name: "POST /chat", kind: ptrace.SpanKindServer, trace: m.n, id: 1, end: m.at, took: 4 * time.Second,
			attributes: map[string]any{"http.request.method": "POST", "http.route": "/chat", "http.response.status_code": 200},
		},
		{
			name: "invoke_agent helper", kind: ptrace.SpanKindInternal, trace: m.n, id: 2, parent: 1, end: m.at, took: 3 * time.Second,
			attributes: with(map[string]any{"gen_ai.operation.name": "invoke_agent"}),
		},
		{
			name: "chat gpt-5", kind: ptrace.SpanKindClient, trace: m.n, id: 3, parent: 2, end: m.at, took: 2 * time.Second,
			attributes: with(map[string]any{"gen_ai.operation.name": "chat", "gen_ai.response.id": fmt.Sprintf("chatcmpl-CRoleXnc4n7W%09d", m.n)}),
		},
		{
			name: "POST", kind: ptrace.SpanKindClient, trace: m.n, id: 4, parent: 3, end: m.at, took: time.Second,
			attributes: map[string]any{"http.request.method": "POST", "server.address": "api.openai.com", "http.response.status_code": 200},
		},
	}
	from := origin{service: "assistant", scope: "opentelemetry.instrumentation.openai_v2"}
	cut := int(m.n % 4)
	if cut == 0 {
		return []parcel{from.traces(spans...)}
	}
	return []parcel{from.traces(spans[:cut]...), from.traces(spans[cut:]...)}
}

// ingress is nginx: its times are of seconds, so that lines can be alike but for
// when they were read.
func ingress(m moment, want tally) []parcel {
	second := m.at.Truncate(time.Second)
	cart, orders := served("ingress", "GET /cart/{id}"), served("ingress", "POST /orders")
	want.bill("usage.endpoint.requests", cart, 2, "usage.outcome", "success")
	want.bill("usage.endpoint.requests", orders, 1, "usage.outcome", "error")
	want.bill("usage.endpoint.request.size", cart, 600)
	want.bill("usage.endpoint.response.size", cart, 3000)
	for _, took := range []time.Duration{250 * time.Millisecond, 750 * time.Millisecond} {
		want.took("usage.endpoint.duration", cart, took)
	}
	want.took("usage.endpoint.duration", orders, time.Second)
	get := map[string]any{
		"remote_addr": "203.0.113.7", "request_method": "GET", "request_uri": "/cart/17?full=1", "request": "GET /cart/17?full=1 HTTP/1.1",
		"status": 200, "body_bytes_sent": 1000, "request_length": 300, "request_time": 0.25, "upstream_response_time": "0.2, 0.05",
	}
	text := map[string]any{
		"request_method": "GET", "request_uri": "/cart/18", "status": "200", "body_bytes_sent": "2000", "request_length": "300", "request_time": "0.750",
	}
	post := map[string]any{"request": "POST /orders HTTP/1.1", "status": 503, "request_time": 1.0}
	return []parcel{origin{service: "ingress"}.logs(
		line{at: second, seen: m.at, attributes: get},
		line{at: second, seen: m.at, attributes: text},
		line{at: second, seen: m.at, attributes: post},
		line{at: second, seen: m.at, body: "*1 connect() failed (111: Connection refused) while connecting to upstream"},
	)}
}

// version is a call as one version of a service tells of it, which all lead to
// the same series.
func version(m moment, want tally, from origin, outcome string, n tokens, attributes map[string]any) parcel {
	id := model("helper", "openai", "gpt-5")
	want.asked(id, outcome, n, time.Second)
	want.cost(id, n.input*1250+n.cacheRead*125+n.cacheWrite*2000+(n.output+n.reasoning)*10000, priced)
	all := map[string]any{"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5", "gen_ai.response.id": fmt.Sprintf("chatcmpl-CRoleXnc4n7W%09d", m.n)}
	maps.Copy(all, attributes)
	return from.traces(span{
		name: "chat gpt-5", kind: ptrace.SpanKindClient, trace: m.n, id: 1, end: m.at, took: time.Second, attributes: all,
	})
}

func helper(version string) origin {
	return origin{service: "helper", scope: "opentelemetry.instrumentation.openai_v2", resource: map[string]any{"service.version": version}}
}

// oldNames are those of v1.26, and the total that many send beside them.
func oldNames(m moment, want tally) []parcel {
	n := tokens{input: 100 + int64(m.n%3), output: 30}
	return []parcel{version(m, want, helper("1"), "success", n, map[string]any{
		"gen_ai.system": "openai", "gen_ai.usage.prompt_tokens": n.input, "gen_ai.usage.completion_tokens": n.output,
		"gen_ai.usage.total_tokens": n.input + n.output,
	})}
}

// names137 are those of v1.37; this version sends the event and the metrics of
// its calls, too, and fails now and then.
func names137(m moment, want tally) []parcel {
	n, outcome := tokens{input: 200 + int64(m.n%3), output: 40}, "success"
	attributes := map[string]any{"gen_ai.provider.name": "openai"}
	if m.n%5 == 0 {
		n, outcome = tokens{}, "error"
		attributes["error.type"] = "500"
	} else {
		attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"] = n.input, n.output
	}
	from := helper("2")
	event := map[string]any{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5", "gen_ai.response.id": fmt.Sprintf("chatcmpl-CRoleXnc4n7W%09d", m.n),
	}
	maps.Copy(event, attributes)
	point := func(value float64, attributes map[string]any) delta {
		all := map[string]any{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5"}
		maps.Copy(all, attributes)
		return delta{start: m.at.Add(-time.Minute), end: m.at, value: value, count: 1, attributes: all}
	}
	return []parcel{
		version(m, want, from, outcome, n, attributes),
		from.logs(line{event: "gen_ai.client.inference.operation.details", at: m.at, seen: m.at, attributes: event}),
		from.metrics(
			counter{name: "gen_ai.client.operation.duration", unit: "s", points: []delta{point(1, nil)}},
			counter{name: "gen_ai.client.token.usage", unit: "{token}", points: []delta{
				point(float64(n.input), map[string]any{"gen_ai.token.type": "input"}),
				point(float64(n.output), map[string]any{"gen_ai.token.type": "output"}),
			}},
		),
	}
}

// newestNames have all five types.
func newestNames(m moment, want tally) []parcel {
	n := tokens{input: 50 + int64(m.n%3), cacheRead: 40, cacheWrite: 10, output: 25, reasoning: 5}
	return []parcel{version(m, want, helper("3"), "success", n, map[string]any{
		"gen_ai.provider.name":      "openai",
		"gen_ai.usage.input_tokens": n.input + n.cacheRead + n.cacheWrite, "gen_ai.usage.output_tokens": n.output + n.reasoning,
		"gen_ai.usage.cache_read.input_tokens": n.cacheRead, "gen_ai.usage.cache_write.input_tokens": n.cacheWrite,
		"gen_ai.usage.reasoning.output_tokens": n.reasoning,
	})}
}

const allSignals = `
    traces: {receivers: [otlp], processors: [usage], exporters: [nop]}
    logs: {receivers: [otlp], processors: [usage], exporters: [nop]}
    metrics: {receivers: [otlp], processors: [usage], exporters: [otlp_http/0]}
`

// pricedBy is a processor with a price file.
func pricedBy(file string) string {
	return `
    sessions: {max: 0}
    pricing: {file: "` + file + `"}` + defaultProcessor
}

// mixture is senders that tell stories until each is acknowledged.
type mixture struct {
	t       *testing.T
	network *network
	stories []story
	begin   time.Time
	last    atomic.Uint64
	acked   atomic.Int64 // parcels
	again   atomic.Int64 // those that were sent again though they were acknowledged

	mu   sync.Mutex // guards want
	want tally
}

// next is a moment of its own, a little after the one before it.
func (x *mixture) next() moment {
	n := x.last.Add(1)
	return moment{n, x.begin.Add(time.Duration(n) * time.Microsecond)}
}

// tell sends one story of each kind, in any order.
func (x *mixture) tell(random *rand.Rand, s sender) {
	var all []parcel
	want := tally{}
	for _, tell := range x.stories {
		all = append(all, tell(x.next(), want)...)
	}
	x.mu.Lock()
	x.want.merge(want)
	x.mu.Unlock()
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, p := range all {
		deliver(x.t, random, s, p)
		x.acked.Add(1)
	}
	for _, p := range all {
		if random.IntN(5) == 0 {
			deliver(x.t, random, s, p)
			x.again.Add(1)
		}
	}
}

// seed tells each story once in the order in which programs tell it: a record
// of the best signal is seen before those of others. Until then, the others of
// calls before it would count, as the contract has it.
func (x *mixture) seed(s sender) {
	for _, tell := range x.stories {
		for _, p := range tell(x.next(), x.want) {
			deliver(x.t, rand.New(rand.NewPCG(1, 1)), s, p)
		}
	}
}

// mixed runs stories through a collector that is killed once.
func mixed(t *testing.T, stories ...story) {
	t.Helper()
	const senders, rounds = 6, 30
	random, out := chance(t), newCostSink(t)
	file := filepath.Join(t.TempDir(), "prices.yaml")
	if err := os.WriteFile(file, []byte(prices), 0o600); err != nil {
		t.Fatal(err)
	}
	s := setup{
		state: t.TempDir(), durability: "write", flush: 50 * time.Millisecond, export: 30 * time.Millisecond,
		sinks: []*sink{out}, processor: pricedBy(file), pipelines: allSignals,
	}
	c := start(t, s)
	x := &mixture{t: t, network: newNetwork(t, random), stories: stories, begin: time.Now(), want: tally{}}
	x.network.ports.Store(&c.ports)
	x.network.calm.Store(true)
	x.seed(x.network.sender(1))
	reaches(t, "the first of each", x.want, out.totals)
	if t.Failed() {
		t.FailNow()
	}
	x.network.calm.Store(false)

	var wg sync.WaitGroup
	var working atomic.Int32
	for i := range senders {
		own, way := fork(random), x.network.sender(i)
		working.Add(1)
		wg.Go(func() {
			defer working.Add(-1)
			for range rounds {
				x.tell(own, way)
			}
		})
	}
	t.Cleanup(wg.Wait)
	until(t, "a third is acknowledged", func() bool { return x.acked.Load() > int64(senders*rounds*len(stories)/3) })
	time.Sleep(between(random, 0, 200*time.Millisecond))
	if working.Load() == 0 {
		t.Error("nothing was under way when it was killed: this has shown nothing")
	}
	c.kill()
	c = startOn(t, s, c.ports)
	x.network.ports.Store(&c.ports)
	until(t, "everything is acknowledged", func() bool { return working.Load() == 0 })
	x.network.shut()
	x.network.repeated()
	t.Logf("%d parcels, %d of them again", x.acked.Load(), x.again.Load())

	reaches(t, "totals", x.want, out.totals)
	c.stop()
	equal(t, "totals after the last export", out.totals(), x.want)
	equal(t, "after a clean restart", recovered(t, s, out), x.want)
	out.oneWriterAndStart()
}

// One collector receives what programs that know nothing of each other send of
// their calls: two coding agents, a service with an agent of its own, and a proxy.
// However often it comes and whatever dies on the way, each call is billed once.
func TestMixedDialects_X_3_X_4(t *testing.T) {
	t.Parallel()
	mixed(t, claudeCode, codex, agent, ingress)
}

// While a service is rolled out there are several versions of it, of which each
// has other names for the same.
func TestMixedVersions_X_1(t *testing.T) {
	t.Parallel()
	mixed(t, oldNames, names137, newestNames)
}
