package usageprocessor

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
)

// metered is a processor in a pipeline of each signal, which tells what it has
// billed. Batches are written as in the golden folders.
type metered struct {
	*rig
	traces  processor.Traces
	logs    processor.Logs
	metrics processor.Metrics
	passed  struct {
		traces  consumertest.TracesSink
		logs    consumertest.LogsSink
		metrics consumertest.MetricsSink // and what was billed
	}
	batches int
}

// meterOf starts one; without a change, nothing is priced.
func meterOf(t *testing.T, change ...func(*Config)) *metered {
	t.Helper()
	m := &metered{rig: newRig(t, "bill", append([]func(*Config){unpriced}, change...)...)}
	m.traces, m.logs, m.metrics = m.rig.traces(&m.passed.traces), m.logsInstance(&m.passed.logs), m.rig.metrics(&m.passed.metrics)
	m.start(m.metrics, m.traces, m.logs)
	return m
}

func unpriced(c *Config) { c.Pricing.Enabled = false }

func (m *metered) sendTraces(text string) {
	m.t.Helper()
	m.batches++
	td, err := readTraces(text, time.Now(), m.batches)
	require.NoError(m.t, err)
	require.NoError(m.t, m.traces.ConsumeTraces(m.t.Context(), td))
}

func (m *metered) sendLogs(text string) {
	m.t.Helper()
	ld, err := readLogs(text, time.Now())
	require.NoError(m.t, err)
	require.NoError(m.t, m.logs.ConsumeLogs(m.t.Context(), ld))
}

func (m *metered) sendMetrics(text string) { m.sendMetricsAt(time.Now(), text) }

// sendMetricsAt has times in the batch seen from a moment of the past.
func (m *metered) sendMetricsAt(at time.Time, text string) {
	m.t.Helper()
	md, err := readMetrics(text, at)
	require.NoError(m.t, err)
	require.NoError(m.t, m.metrics.ConsumeMetrics(m.t.Context(), md))
}

// bills ends the processor and returns what was exported at last: by identity,
// as in "shop openai gen_ai gpt-5 chat", the requests, tokens and cost, as in
// "1 success, 50 input, $0.5 priced".
func (m *metered) bills() map[string]string {
	m.t.Helper()
	m.shutdown(m.traces, m.logs, m.metrics)
	bills, lines := map[string]string{}, map[string][]string{}
	all := m.passed.metrics.AllMetrics()
	order := []string{"usage.endpoint.requests", "usage.provider.requests", "usage.provider.tokens", "usage.provider.cost", "usage.provider.requests.unpriced", "usage.provider.time_to_first_token"}
	for _, name := range order {
		for identity, values := range lastPoints(all, name) {
			lines[identity] = append(lines[identity], values...)
		}
	}
	for identity, values := range lines {
		bills[identity] = strings.Join(values, ", ")
	}
	return bills
}

// lastPoints are the newest points of a metric, as text, by identity.
func lastPoints(all []pmetric.Metrics, name string) map[string][]string {
	newest := map[string]map[string]string{}
	for _, md := range all {
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					if m.Name() == name && sm.Scope().Name() == goldenScope {
						notePoints(newest, m)
					}
				}
			}
		}
	}
	found := map[string][]string{}
	for identity, points := range newest {
		for _, what := range sortedAsTypes(points) {
			found[identity] = append(found[identity], fmt.Sprintf(points[what], what))
		}
	}
	return found
}

func notePoints(newest map[string]map[string]string, m pmetric.Metric) {
	note := func(attributes pcommon.Map, text string) {
		identity, what := identityOf(attributes)
		if newest[identity] == nil {
			newest[identity] = map[string]string{}
		}
		newest[identity][what] = text
	}
	switch {
	case m.Name() == "usage.provider.time_to_first_token":
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			note(p.Attributes(), fmt.Sprintf("%d began%%s after %vs", p.Count(), p.Sum()))
		}
	case m.Name() == "usage.provider.cost":
		for _, p := range m.Sum().DataPoints().All() {
			note(p.Attributes(), fmt.Sprintf("$%v %%s", p.DoubleValue()))
		}
	case m.Name() == "usage.provider.requests.unpriced":
		for _, p := range m.Sum().DataPoints().All() {
			note(p.Attributes(), fmt.Sprintf("%d unpriced%%s", p.IntValue()))
		}
	default:
		for _, p := range m.Sum().DataPoints().All() {
			note(p.Attributes(), fmt.Sprintf("%d %%s", p.IntValue()))
		}
	}
}

// identityOf splits attributes into those of the series and that of the metric.
func identityOf(attributes pcommon.Map) (identity, what string) {
	var words []string
	for name, value := range attributes.All() {
		switch name {
		case "usage.outcome", "usage.token.type", "usage.cost.source":
			what = value.Str()
		default:
			words = append(words, value.AsString())
		}
	}
	return strings.Join(words, " "), what
}

// sortedAsTypes has types of tokens in the order in which the contract has them.
func sortedAsTypes(points map[string]string) []string {
	types := []string{"input", "cache_read", "cache_write", "output", "reasoning"}
	return slices.SortedFunc(maps.Keys(points), func(a, b string) int {
		if i, j := slices.Index(types, a), slices.Index(types, b); i != j {
			return i - j
		}
		return strings.Compare(a, b)
	})
}

// is fails the test unless exactly this was billed and said.
func (m *metered) is(self string, bills map[string]string) {
	m.t.Helper()
	found, err := readSelf(m.telemetry)
	require.NoError(m.t, err)
	found = slices.DeleteFunc(found, func(p selfPoint) bool {
		return strings.HasPrefix(p.metric, "series") || p.metric == "sessions" || p.metric == "records.received" || strings.HasPrefix(p.metric, "state.")
	})
	assert.Equal(m.t, strings.ReplaceAll(strings.TrimSpace(self), "\t", ""), selfText(found))
	assert.Equal(m.t, bills, m.bills())
}

// one is the usage of the only series that there is to be.
func (m *metered) one(identity, bill string) {
	m.t.Helper()
	assert.Equal(m.t, map[string]string{identity: bill}, m.bills())
}

const claudeCall = `{event.name: api_request, session.id: s1, model: claude-sonnet-4-5-20250929, cost_usd: 0.0315, duration_ms: 4000, request_id: %s,
    input_tokens: 50, output_tokens: 30, cache_read_tokens: 40, cache_creation_tokens: 10}`

// whoever tells of a call, its tokens are the same: uncached input 50,
// read 40, written 10, output 25 and reasoning 5, where it is told apart.
func TestTokenTable_X_1(t *testing.T) {
	spans := func(service, scope, attributes string) func(*metered) {
		return func(m *metered) {
			m.sendTraces("- service: " + service + "\n  scope: " + scope + "\n  spans: [{kind: client, name: chat m, attributes: {gen_ai.operation.name: chat, gen_ai.request.model: m, " + attributes + "}}]")
		}
	}
	const all = "1 success, 50 input, 40 cache_read, 10 cache_write, 25 output, 5 reasoning"
	for name, tt := range map[string]struct {
		send     func(*metered)
		identity string
		want     string
	}{
		"otel": {
			spans("app", "otel", "gen_ai.provider.name: openai, gen_ai.usage.input_tokens: 100, gen_ai.usage.cache_read.input_tokens: 40, gen_ai.usage.cache_creation.input_tokens: 10, gen_ai.usage.output_tokens: 30, gen_ai.usage.reasoning.output_tokens: 5"),
			"app openai gen_ai m chat", all,
		},
		"otel, of Anthropic": {
			spans("app", "otel", "gen_ai.provider.name: anthropic, gen_ai.usage.input_tokens: 100, gen_ai.usage.cache_read.input_tokens: 40, gen_ai.usage.cache_write.input_tokens: 10, gen_ai.usage.output_tokens: 30, gen_ai.usage.reasoning.output_tokens: 5"),
			"app anthropic gen_ai m chat", all,
		},
		"independent": {
			func(m *metered) {
				m.sendLogs("- service: claude-code\n  scope: com.anthropic.claude_code.events\n  records: [{body: claude_code.api_request, attributes: " + fmt.Sprintf(claudeCall, "req_011CSHoEeqs5C35K2UUqR7F1") + "}]")
			},
			"claude-code anthropic gen_ai claude-sonnet-4-5-20250929 chat",
			"1 success, 50 input, 40 cache_read, 10 cache_write, 30 output, $0.0315 reported",
		},
		"older names, independent": {
			spans("app", "otel", "gen_ai.system: anthropic, gen_ai.usage.input_tokens: 50, gen_ai.usage.cache_read_input_tokens: 40, gen_ai.usage.cache_creation_input_tokens: 10, gen_ai.usage.output_tokens: 30"),
			"app anthropic gen_ai m chat", "1 success, 50 input, 40 cache_read, 10 cache_write, 30 output",
		},
		"subset": {
			func(m *metered) {
				m.sendLogs(`
- service: codex_exec
  records:
    - attributes: {event.name: codex.sse_event, event.kind: response.completed, model: gpt-5.5, input_token_count: "90", cached_token_count: 40, output_token_count: "30", reasoning_token_count: 5, tool_token_count: "120"}`)
			},
			"codex_exec openai gen_ai gpt-5.5 chat", "1 success, 50 input, 40 cache_read, 25 output, 5 reasoning",
		},
		"separate reasoning": {
			func(m *metered) {
				m.sendLogs(`
- service: gemini-cli
  records:
    - attributes: {event.name: gemini_cli.api_response, model: gemini-2.5-pro, input_token_count: 90, cached_content_token_count: 40, output_token_count: 25, thoughts_token_count: 5, total_token_count: 120}`)
			},
			"gemini-cli gcp.gemini gen_ai gemini-2.5-pro generate_content", "1 success, 50 input, 40 cache_read, 25 output, 5 reasoning",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := meterOf(t)
			tt.send(m)
			m.one(tt.identity, tt.want)
		})
	}
	t.Run("more cached than input", func(t *testing.T) {
		m := meterOf(t)
		spans("app", "otel", "gen_ai.provider.name: openai, gen_ai.usage.input_tokens: 30, gen_ai.usage.cache_read.input_tokens: 40, gen_ai.usage.output_tokens: 30")(m)
		m.is(`
			records{result=counted signal=traces} 1
			tokens.inconsistent 1`, map[string]string{"app openai gen_ai m chat": "1 success, 40 cache_read, 30 output"})
	})
}

// strange are values that no count of tokens can have.
func strange() map[string]func(pcommon.Value) {
	return map[string]func(pcommon.Value){
		"negative":       func(v pcommon.Value) { v.SetInt(-5) },
		"least":          func(v pcommon.Value) { v.SetInt(math.MinInt64) },
		"fraction":       func(v pcommon.Value) { v.SetDouble(2.5) },
		"NaN":            func(v pcommon.Value) { v.SetDouble(math.NaN()) },
		"infinite":       func(v pcommon.Value) { v.SetDouble(math.Inf(1)) },
		"2^63":           func(v pcommon.Value) { v.SetDouble(math.MaxInt64) },
		"2^63 as text":   func(v pcommon.Value) { v.SetStr("9223372036854775808") },
		"negative text":  func(v pcommon.Value) { v.SetStr("-1") },
		"NaN as text":    func(v pcommon.Value) { v.SetStr("NaN") },
		"no number":      func(v pcommon.Value) { v.SetStr("a dozen") },
		"empty text":     func(v pcommon.Value) { v.SetStr("") },
		"true":           func(v pcommon.Value) { v.SetBool(true) },
		"map":            func(v pcommon.Value) { v.SetEmptyMap().PutInt("n", 12) },
		"slice":          func(v pcommon.Value) { v.SetEmptySlice().AppendEmpty().SetInt(12) },
		"bytes":          func(v pcommon.Value) { v.SetEmptyBytes().Append('1', '2') },
		"nothing at all": func(pcommon.Value) {},
	}
}

// withOutput is a batch of a call whose output tokens have some value.
func withOutput(set func(pcommon.Value)) ptrace.Traces {
	td, err := readTraces(`
- service: app
  spans: [{kind: client, attributes: {gen_ai.operation.name: chat, gen_ai.provider.name: openai, gen_ai.request.model: m, gen_ai.usage.input_tokens: 7}}]`, time.Now(), 1)
	if err != nil {
		panic(err)
	}
	span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	set(span.Attributes().PutEmpty("gen_ai.usage.output_tokens"))
	return td
}

// numbers are read from every type that can hold them; from what cannot, the
// field is 0, the attribute is named, and the request counts.
func TestValuesOfAnyType_X_2(t *testing.T) {
	for name, set := range map[string]func(pcommon.Value){
		"int":            func(v pcommon.Value) { v.SetInt(12) },
		"double":         func(v pcommon.Value) { v.SetDouble(12) },
		"text":           func(v pcommon.Value) { v.SetStr("12") },
		"text of double": func(v pcommon.Value) { v.SetStr("12.0") },
		"JSON text":      func(v pcommon.Value) { v.SetStr(`"12"`) },
	} {
		t.Run(name, func(t *testing.T) {
			m := meterOf(t)
			require.NoError(t, m.traces.ConsumeTraces(t.Context(), withOutput(set)))
			m.is("records{result=counted signal=traces} 1", map[string]string{"app openai gen_ai m chat": "1 success, 7 input, 12 output"})
		})
	}
	t.Run("the largest", func(t *testing.T) {
		m := meterOf(t)
		require.NoError(t, m.traces.ConsumeTraces(t.Context(), withOutput(func(v pcommon.Value) { v.SetInt(math.MaxInt64) })))
		m.is("records{result=counted signal=traces} 1", map[string]string{"app openai gen_ai m chat": "1 success, 7 input, 9223372036854775807 output"})
	})
	for name, set := range strange() {
		t.Run(name, func(t *testing.T) {
			m := meterOf(t)
			require.NoError(t, m.traces.ConsumeTraces(t.Context(), withOutput(set)))
			m.is(`
				bad_values{attribute=gen_ai.usage.output_tokens} 1
				records{result=counted signal=traces} 1`, map[string]string{"app openai gen_ai m chat": "1 success, 7 input"})
		})
	}
}

const (
	claudeLogs = `
- service: claude-code
  scope: com.anthropic.claude_code.events
  records: [{body: claude_code.api_request, attributes: {event.name: api_request, session.id: s1, model: claude-sonnet-4-5, cost_usd: 0.0315, duration_ms: 4000, request_id: req_011CSHoEeqs5C35K2UUqR7F1, input_tokens: 4, output_tokens: 200, cache_read_tokens: 20000, cache_creation_tokens: 6000}}]`
	claudeMetrics = `
- service: claude-code
  scope: com.anthropic.claude_code
  metrics:
    - name: claude_code.token.usage
      type: sum
      temporality: delta
      each: {start: -60s, attributes: {session.id: s1, model: claude-sonnet-4-5}}
      points: [{attributes: {type: input}, value: 4}, {attributes: {type: output}, value: 200}, {attributes: {type: cacheRead}, value: 20000}, {attributes: {type: cacheCreation}, value: 6000}]
    - {name: claude_code.cost.usage, type: sum, temporality: delta, points: [{start: -60s, attributes: {session.id: s1, model: claude-sonnet-4-5}, value: 0.0315}]}`
	claudeTraces = `
- service: claude-code
  scope: com.anthropic.claude_code.tracing
  spans: [{kind: internal, name: claude_code.llm_request, attributes: {gen_ai.system: anthropic, gen_ai.request.model: claude-sonnet-4-5, input_tokens: 4, output_tokens: 200, cache_read_tokens: 20000, cache_creation_tokens: 6000, gen_ai.response.id: req_011CSHoEeqs5C35K2UUqR7F1}}]`
	claudeSeries = "claude-code anthropic gen_ai claude-sonnet-4-5 chat"
	claudeBill   = "1 success, 4 input, 20000 cache_read, 6000 cache_write, 200 output, $0.0315 reported"
)

// a call that comes as a log record, in metrics and as a span counts once;
// which of them does can be pinned, and then the order does not matter.
func TestNoDoubleCountAcrossSignals_X_3(t *testing.T) {
	pinned := func(signal string) func(*Config) {
		return func(c *Config) { c.Dialects.Signals = map[string]string{"claude_code": signal} }
	}
	skipped := func(logs, metrics, traces int) string {
		var lines []string
		for _, of := range []struct {
			signal string
			n      int
		}{{"logs", logs}, {"metrics", metrics}, {"traces", traces}} {
			if of.n > 0 {
				lines = append(lines, fmt.Sprintf("records{reason=duplicate_signal result=skipped signal=%s} %d", of.signal, of.n))
			}
		}
		return strings.Join(lines, "\n") + "\n"
	}
	counted := func(signal string, n int) string {
		return fmt.Sprintf("records{result=counted signal=%s} %d", signal, n)
	}
	t.Run("the best one first", func(t *testing.T) {
		m := meterOf(t)
		for range 2 { // and all of it again
			m.sendLogs(claudeLogs)
			m.sendMetrics(claudeMetrics)
			m.sendTraces(claudeTraces)
		}
		m.is("records{reason=duplicate_signal result=skipped signal=metrics} 10\n"+
			"records{reason=duplicate_signal result=skipped signal=traces} 2\n"+
			"records{result=counted signal=logs} 1\nrecords{result=duplicate signal=logs} 1", map[string]string{claudeSeries: claudeBill})
	})
	t.Run("logs pinned", func(t *testing.T) {
		m := meterOf(t, pinned("logs"))
		m.sendTraces(claudeTraces)
		m.sendMetrics(claudeMetrics)
		m.sendLogs(claudeLogs)
		m.is(skipped(0, 5, 1)+counted("logs", 1), map[string]string{claudeSeries: claudeBill})
	})
	t.Run("metrics pinned", func(t *testing.T) {
		m := meterOf(t, pinned("metrics"))
		m.sendTraces(claudeTraces)
		m.sendMetrics(claudeMetrics)
		m.sendLogs(claudeLogs)
		m.is(skipped(1, 0, 1)+counted("metrics", 5), map[string]string{claudeSeries: strings.TrimPrefix(claudeBill, "1 success, ")})
	})
	t.Run("a better one takes over", func(t *testing.T) {
		m := meterOf(t)
		m.sendMetrics(claudeMetrics)
		m.sendLogs(strings.ReplaceAll(strings.ReplaceAll(claudeLogs, "UUqR7F1", "UUqR7F2"), "20000", "30000")) // the next call
		m.sendMetrics(strings.ReplaceAll(claudeMetrics, "20000", "30000"))
		m.is(skipped(0, 5, 0)+counted("logs", 1)+"\n"+counted("metrics", 5), map[string]string{
			claudeSeries: "1 success, 8 input, 50000 cache_read, 12000 cache_write, 400 output, $0.063 reported",
		})
	})
	t.Run("another service has another", func(t *testing.T) {
		m := meterOf(t)
		m.sendLogs(claudeLogs)
		m.sendMetrics(strings.Replace(claudeMetrics, "service: claude-code", "service: claude-code-desktop", 1))
		m.is(counted("logs", 1)+"\n"+counted("metrics", 5), map[string]string{
			claudeSeries: claudeBill,
			"claude-code-desktop anthropic gen_ai claude-sonnet-4-5 chat": strings.TrimPrefix(claudeBill, "1 success, "),
		})
	})
}

// aTrace is a request that is served by an agent, whose framework and whose SDK
// both tell of its call, below which there is an HTTP request.
const aTrace = `
- service: app
  scope: frameworks
  spans:
    - {kind: server, name: POST /chat, took: 5s, trace: 1, id: 1, attributes: {http.request.method: POST, http.route: /chat, http.response.status_code: 200}}
    - {kind: internal, name: invoke_agent a, took: 4s, trace: 1, id: 2, parent: 1, attributes: {gen_ai.operation.name: invoke_agent, gen_ai.provider.name: openai, gen_ai.request.model: m, gen_ai.usage.input_tokens: 100, gen_ai.usage.output_tokens: 20}}
    - {kind: client, name: ChatOpenAI.chat, took: 3s, trace: 1, id: 3, parent: 2, attributes: {gen_ai.operation.name: chat, gen_ai.system: langchain, gen_ai.request.model: m, gen_ai.usage.input_tokens: 100, gen_ai.usage.output_tokens: 20}}
    - {kind: client, name: chat m, took: 2s, trace: 1, id: 4, parent: 3, attributes: {gen_ai.operation.name: chat, gen_ai.provider.name: openai, gen_ai.request.model: m, gen_ai.usage.input_tokens: 100, gen_ai.usage.output_tokens: 20}}
    - {kind: client, name: POST, took: 1s, trace: 1, id: 5, parent: 4, attributes: {http.request.method: POST, server.address: api.openai.com, http.response.status_code: 200}}
`

// the server span is the endpoint, the innermost call to the model is the
// provider, and nothing between or below them counts, in one batch and over
// batches in the order in which spans end.
func TestNoDoubleCountInATrace_X_4(t *testing.T) {
	want := map[string]string{"app http POST /chat": "1 success", "app openai gen_ai m chat": "1 success, 100 input, 20 output"}
	const self = `
		records{reason=aggregate result=skipped signal=traces} 1
		records{reason=inference_http result=skipped signal=traces} 1
		records{reason=nested result=skipped signal=traces} 1
		records{result=counted signal=traces} 2`
	t.Run("one batch", func(t *testing.T) {
		m := meterOf(t)
		m.sendTraces(aTrace)
		m.is(self, want)
	})
	t.Run("a batch for each", func(t *testing.T) {
		m := meterOf(t)
		whole, err := readTraces(aTrace, time.Now(), 1)
		require.NoError(t, err)
		for _, n := range []int{3, 4, 2, 1, 0} { // had the HTTP request been first, it would have counted: semantics.md
			td := ptrace.NewTraces()
			whole.CopyTo(td)
			at := 0
			td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().RemoveIf(func(ptrace.Span) bool { at++; return at-1 != n })
			require.Equal(t, 1, td.SpanCount())
			require.NoError(t, m.traces.ConsumeTraces(t.Context(), td))
		}
		m.is(self, want)
	})
}

// cumulativeTokens is a cumulative counter of an agent, as it stands at some time.
func cumulativeTokens(start, at time.Duration, value any) string {
	return fmt.Sprintf(`
- service: opencode
  scope: com.opencode
  metrics: [{name: opencode.token.usage, unit: tokens, type: sum, temporality: cumulative, points: [{start: %s, time: %s, attributes: {model: m, type: input}, value: %v}]}]`, start, at, value)
}

// what comes as metrics is added once, whatever its temporality and whoever
// restarts.
func TestIncomingMetrics_X_5(t *testing.T) {
	const series = "opencode unknown gen_ai m chat"
	t.Run("cumulative", func(t *testing.T) {
		keep := keptIn(t.TempDir(), durabilityWrite)
		m := meterOf(t, keep)
		begin := time.Now()
		send := func(start, at time.Duration, value any) {
			m.t.Helper()
			m.sendMetricsAt(begin, cumulativeTokens(start, at, value))
		}
		send(-time.Hour, time.Second, 5000)        // of before: where it starts from
		send(-time.Hour, 2*time.Second, 5100)      // 100
		send(-time.Hour, 2*time.Second, 5100)      // again
		send(-time.Hour, 1500*time.Millisecond, 9) // late
		send(-time.Hour, 4*time.Second, 5107)      // 7
		assert.Equal(t, map[string]string{series: "107 input"}, m.bills())

		m = meterOf(t, keep) // we begin anew, they do not
		send(-time.Hour, 4*time.Second, 5107)
		send(-time.Hour, 5*time.Second, 5120)     // 13
		send(6*time.Second, 7*time.Second, 30)    // they begin anew and say so: 30
		send(6*time.Second, 8*time.Second, 4)     // they fall without saying so: 4
		send(6*time.Second, 9*time.Second, "5.0") // 1
		assert.Equal(t, map[string]string{series: "155 input"}, m.bills())
	})
	t.Run("delta", func(t *testing.T) {
		m := meterOf(t)
		begin := time.Now().Add(-3 * time.Minute) // none is of the hour to come
		for _, at := range []int{0, 1, 1, 3, 2} { // one again, one late
			m.sendMetricsAt(begin.Add(time.Duration(at)*time.Minute), `
- service: opencode
  scope: com.opencode
  metrics: [{name: opencode.token.usage, type: sum, temporality: delta, points: [{start: -60s, attributes: {model: m, type: input}, value: 10}]}]`)
		}
		m.is("records{result=counted signal=metrics} 4\nrecords{result=duplicate signal=metrics} 1", map[string]string{series: "40 input"})
	})
	t.Run("histograms", func(t *testing.T) {
		m := meterOf(t)
		m.sendMetrics(`
- service: app
  metrics:
    - name: gen_ai.client.token.usage
      unit: "{token}"
      type: histogram
      temporality: delta
      each: {start: -1s, attributes: {gen_ai.operation.name: chat, gen_ai.provider.name: openai, gen_ai.request.model: m}}
      points: [{attributes: {gen_ai.token.type: input}, count: 3, sum: 300, bounds: [64], buckets: [0, 3]}, {attributes: {gen_ai.token.type: output}, count: 3, sum: 90, bounds: [64], buckets: [3, 0]}]
    - name: gen_ai.client.operation.duration
      unit: s
      type: histogram
      temporality: delta
      points: [{start: -1s, attributes: {gen_ai.operation.name: chat, gen_ai.provider.name: openai, gen_ai.request.model: m}, count: 3, sum: 4.5, bounds: [1, 2], buckets: [0, 3, 0]}]`)
		m.one("app openai gen_ai m chat", "3 success, 300 input, 90 output")
	})
	t.Run("gauges are no usage", func(t *testing.T) {
		m := meterOf(t)
		m.sendMetrics(`
- service: opencode
  scope: com.opencode
  metrics: [{name: opencode.token.usage, type: gauge, points: [{attributes: {model: m, type: input}, value: 10}]}]`)
		m.is("records{reason=unrecognized result=unmetered signal=metrics} 1", map[string]string{})
	})
}

// A-F40: what a record of a gateway has beside the tokens: dimensions from
// attributes, and the time to the first token. What an error says is kept nowhere.
func TestDimensionsOfAFork_A_F40(t *testing.T) {
	m := meterOf(t, func(c *Config) {
		c.Providers.Dimensions = []DimensionConfig{{Name: "gen_ai.request.reasoning_effort"}, {Name: "service_tier"}, {Name: "api_key.alias"}}
	})
	m.sendTraces(`
- service: proxy
  resource: {api_key.alias: team-a}
  each: {kind: client, attributes: {gen_ai.operation.name: chat, gen_ai.provider.name: openai, gen_ai.request.model: m}}
  spans:
    - {attributes: {gen_ai.request.reasoning_effort: high, service_tier: priority, gen_ai.usage.input_tokens: 10, gen_ai.response.time_to_first_chunk: 0.5}}
    - {attributes: {gen_ai.request.reasoning_effort: high, service_tier: priority, gen_ai.usage.input_tokens: 20, gen_ai.server.time_to_first_token: 0.25}}
    - {attributes: {gen_ai.request.reasoning_effort: low, gen_ai.usage.input_tokens: 40}}
    - {status: error, message: the secret of the body, attributes: {gen_ai.request.reasoning_effort: low, error.type: "500", error.message: the secret of the body, service_tier: flex}}`)
	bills := m.bills()
	assert.Equal(t, map[string]string{
		"proxy openai gen_ai m chat team-a high priority": "2 success, 30 input, 2 began after 0.75s",
		"proxy openai gen_ai m chat team-a low unknown":   "1 success, 40 input",
		"proxy openai gen_ai m chat team-a low flex":      "1 error",
	}, bills)
	for _, md := range m.passed.metrics.AllMetrics() {
		text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "secret")
	}
}

// A-F41: whatever an item is, the pipeline goes on: nothing panics, nothing is
// refused, and what leaves is what came, to the byte.
func TestBadItems_A_F41(t *testing.T) {
	m := meterOf(t)
	var sent [][]byte
	for name, set := range strange() {
		td := withOutput(set)
		attributes := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes()
		for _, field := range []string{
			"gen_ai.usage.input_tokens", "gen_ai.request.model", "gen_ai.response.id", "gen_ai.usage.cost",
			"gen_ai.response.time_to_first_chunk", "http.response.status_code", "server.port", "session.id",
		} {
			set(attributes.PutEmpty(field))
		}
		set(td.ResourceSpans().At(0).Resource().Attributes().PutEmpty("service.version"))
		before, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		sent = append(sent, before)
		require.NoError(t, m.traces.ConsumeTraces(t.Context(), td), name)

		ld := plog.NewLogs()
		l := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		l.Body().SetStr("claude_code.api_request")
		for _, field := range []string{"model", "input_tokens", "output_tokens", "cost_usd", "duration_ms", "request_id", "event.name"} {
			set(l.Attributes().PutEmpty(field))
		}
		require.NoError(t, m.logs.ConsumeLogs(t.Context(), ld), name)

		md := pmetric.NewMetrics()
		c := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		c.SetName("claude_code.token.usage")
		c.SetEmptySum().SetIsMonotonic(true)
		p := c.Sum().DataPoints().AppendEmpty()
		p.SetDoubleValue(math.NaN())
		set(p.Attributes().PutEmpty("type"))
		set(p.Attributes().PutEmpty("model"))
		require.NoError(t, m.metrics.ConsumeMetrics(t.Context(), md), name)
	}
	var left [][]byte
	for _, td := range m.passed.traces.AllTraces() {
		after, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		left = append(left, after)
	}
	assert.Equal(t, sent, left)
	assert.Equal(t, len(strange()), m.passed.logs.LogRecordCount())
	assert.Equal(t, len(strange()), m.passed.metrics.DataPointCount())
	found, err := readSelf(m.telemetry)
	require.NoError(t, err)
	assert.Equal(t, selfTotal(found, "records.received"), selfTotal(found, "records"), "the ledger balances")
	m.sendTraces("- service: app\n  spans: [{kind: client, attributes: {gen_ai.operation.name: chat, gen_ai.provider.name: openai, gen_ai.request.model: after, gen_ai.usage.input_tokens: 1}}]")
	assert.Equal(t, "1 success, 1 input", m.bills()["app openai gen_ai after chat"])
}

// A-F42: subset, independent and separate reasoning by who writes, clamped and
// told where numbers contradict each other, and sums that stop instead of
// wrapping round.
func TestTokenAccounting_A_F42(t *testing.T) {
	call := func(provider, tokens string) string {
		return "- service: app\n  spans: [{kind: client, attributes: {gen_ai.operation.name: chat, gen_ai.request.model: m, gen_ai.provider.name: " + provider + ", " + tokens + "}}]"
	}
	const older = "gen_ai.usage.input_tokens: 100, gen_ai.usage.cache_read_tokens: 40, gen_ai.usage.output_tokens: 30"
	for i, tt := range []struct{ provider, tokens, self, want string }{
		// Names from before the conventions: who wrote them decides.
		{"openai", older, "tokens.assumed 1", "60 input, 40 cache_read, 30 output"},
		{"x_ai", older, "tokens.assumed 1", "60 input, 40 cache_read, 30 output"},
		{"deepseek", older, "tokens.assumed 1", "60 input, 40 cache_read, 30 output"},
		{"openrouter", older, "tokens.assumed 1", "60 input, 40 cache_read, 30 output"},
		{"anthropic", older, "tokens.assumed 1", "100 input, 40 cache_read, 30 output"},
		{"aws.bedrock", older, "tokens.assumed 1", "100 input, 40 cache_read, 30 output"},
		// A total settles it.
		{"openai", older + ", gen_ai.usage.total_tokens: 170", "", "100 input, 40 cache_read, 30 output"},
		{"anthropic", older + ", gen_ai.usage.total_tokens: 130", "", "60 input, 40 cache_read, 30 output"},
		{"gcp.gemini", "gen_ai.usage.input_tokens: 100, gen_ai.usage.output_tokens: 30, gen_ai.usage.reasoning_tokens: 5, gen_ai.usage.total_tokens: 135", "", "100 input, 30 output, 5 reasoning"},
		// Nobody knows: total alone.
		{"openai", "gen_ai.usage.total_tokens: 130", "", "130 input"},
		// Contradictions.
		{"openai", "gen_ai.usage.input_tokens: 10, gen_ai.usage.cache_read.input_tokens: 40, gen_ai.usage.output_tokens: 30", "tokens.inconsistent 1", "40 cache_read, 30 output"},
		{"openai", "gen_ai.usage.input_tokens: 10, gen_ai.usage.output_tokens: 5, gen_ai.usage.reasoning.output_tokens: 20", "tokens.inconsistent 1", "10 input, 20 reasoning"},
	} {
		t.Run(fmt.Sprint(i, " ", tt.provider), func(t *testing.T) {
			m := meterOf(t)
			m.sendTraces(call(tt.provider, tt.tokens))
			m.is("records{result=counted signal=traces} 1\n"+tt.self, map[string]string{"app " + tt.provider + " gen_ai m chat": "1 success, " + tt.want})
		})
	}
	t.Run("saturation", func(t *testing.T) {
		m := meterOf(t)
		for range 3 {
			m.sendTraces(call("openai", "gen_ai.usage.input_tokens: 9223372036854775807, gen_ai.usage.output_tokens: 1"))
		}
		m.one("app openai gen_ai m chat", "3 success, 9223372036854775807 input, 3 output")
	})
}

// A-F45: a call without tokens is a request, with zeros and with nothing at all,
// and each is one however often it comes.
func TestZeroTokenCalls_A_F45(t *testing.T) {
	m, now := meterOf(t, func(c *Config) { c.Pricing.Enabled = true }), time.Now()
	for range 2 {
		td, err := readTraces(`
- service: app
  each: {kind: client, attributes: {gen_ai.operation.name: chat, gen_ai.provider.name: openai, gen_ai.request.model: gpt-5}}
  spans:
    - name: nothing
    - attributes: {gen_ai.usage.input_tokens: 0, gen_ai.usage.output_tokens: 0}
    - attributes: {error.type: timeout}`, now, 1)
		require.NoError(t, err)
		require.NoError(t, m.traces.ConsumeTraces(t.Context(), td))
	}
	m.is("records{result=counted signal=traces} 3\nrecords{result=duplicate signal=traces} 3", map[string]string{
		"app openai gen_ai gpt-5 chat": "1 error, 2 success",
	})
}
