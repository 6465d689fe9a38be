package usageprocessor

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelusage/usageprocessor/internal/pricing"
)

// pricedBy has prices in a file of its own, in whichever format.
func pricedBy(t *testing.T, text string) func(*Config) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "prices")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return func(c *Config) { c.Pricing.Enabled, c.Pricing.File = true, path }
}

// overridden has overrides in front of the built-in table.
func overridden(overrides ...pricing.Override) func(*Config) {
	return func(c *Config) { c.Pricing.Enabled, c.Pricing.Overrides = true, overrides }
}

func usd(v float64) *float64 { return &v }

// chat is a call of app to a model of OpenAI.
func chat(model, attributes string) string {
	return "- service: app\n  spans: [{kind: client, attributes: {gen_ai.operation.name: chat, gen_ai.provider.name: openai, gen_ai.request.model: " + model + ", " + attributes + "}}]"
}

const chatM = "app openai gen_ai m chat"

// E-F20: a million calls of $0.000003 are $3, not a billionth more or less; so
// are reported costs that no double can hold.
func TestCostIsExact_E_F20(t *testing.T) {
	m := meterOf(t, overridden(pricing.Override{Model: "m", Input: usd(3), Output: usd(0)}))
	const calls, perBatch = 1_000_000, 10_000
	id := uint64(0)
	for range calls / perBatch {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "app")
		spans := rs.ScopeSpans().AppendEmpty().Spans()
		for range perBatch {
			id++
			s := spans.AppendEmpty()
			s.SetKind(ptrace.SpanKindClient)
			s.SetTraceID(traceID(id))
			s.SetSpanID(spanID(id))
			s.SetEndTimestamp(pcommon.Timestamp(id))
			s.Attributes().PutStr("gen_ai.operation.name", "chat")
			s.Attributes().PutStr("gen_ai.provider.name", "openai")
			s.Attributes().PutStr("gen_ai.request.model", "m")
			s.Attributes().PutInt("gen_ai.usage.input_tokens", 1)
		}
		require.NoError(t, m.traces.ConsumeTraces(t.Context(), td))
	}
	for range 10 {
		m.sendTraces(chat("r", "gen_ai.usage.input_tokens: 1, gen_ai.usage.cost: 0.1"))
	}
	assert.Equal(t, map[string]string{
		chatM:                      "1000000 success, 1000000 input, $3 priced",
		"app openai gen_ai r chat": "10 success, 10 input, $1 reported",
	}, m.bills())
}

// longWrites tells of tokens that are written for an hour, which no convention
// has a name for.
const longWrites = `
name: long_writes
family: gen_ai
fields:
  cache_write_1h_tokens: [cache_write_1h]
`

// E-F21: each part has its price: uncached input, cached, written for minutes or
// for an hour, output, reasoning, the call itself, and the service tier. What has
// no price of its own follows another one: no discount is assumed (design.md,
// docs/pricing.md, instead of 0.1, 1.25 and 2 times the input).
func TestPriceParts_E_F21(t *testing.T) {
	file := filepath.Join(t.TempDir(), "long.yaml")
	require.NoError(t, os.WriteFile(file, []byte(longWrites), 0o600))
	prices := pricedBy(t, `
prices:
  - {provider: openai, model: m, input: 1, cache_read: 2, cache_write: 3, cache_write_1h: 4, output: 5, reasoning: 6, per_request: 0.007,
     priority: {input: 10, output: 50}, flex: {input: 0.5, output: 2.5}}
  - {provider: openai, model: bare, input: 8, output: 9}
  - {provider: openai, model: flat, per_request: 0.25}
`)
	for i, tt := range []struct{ model, attributes, want string }{
		{"m", "gen_ai.usage.input_tokens: 1000", "1000 input, $0.008 priced"},
		{"m", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.cache_read.input_tokens: 1000", "1000 cache_read, $0.009 priced"},
		{"m", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.cache_write.input_tokens: 1000", "1000 cache_write, $0.01 priced"},
		{"m", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.cache_write.input_tokens: 1000, cache_write_1h: 400", "1000 cache_write, $0.0104 priced"},
		{"m", "gen_ai.usage.output_tokens: 1000", "1000 output, $0.012 priced"},
		{"m", "gen_ai.usage.output_tokens: 1000, gen_ai.usage.reasoning.output_tokens: 1000", "1000 reasoning, $0.013 priced"},
		{"m", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.output_tokens: 1000, openai.response.service_tier: priority", "1000 input, 1000 output, $0.067 priced"},
		{"m", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.output_tokens: 1000, openai.response.service_tier: flex", "1000 input, 1000 output, $0.01 priced"},
		{"m", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.output_tokens: 1000, openai.response.service_tier: default", "1000 input, 1000 output, $0.013 priced"},
		{"bare", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.cache_read.input_tokens: 1000", "1000 cache_read, $0.008 priced"},
		{"bare", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.cache_write.input_tokens: 1000, cache_write_1h: 400", "1000 cache_write, $0.008 priced"},
		{"bare", "gen_ai.usage.output_tokens: 1000, gen_ai.usage.reasoning.output_tokens: 1000", "1000 reasoning, $0.009 priced"},
		{"flat", "gen_ai.usage.input_tokens: 1000", "1000 input, $0.25 priced"},
	} {
		t.Run(fmt.Sprint(i, " ", tt.model), func(t *testing.T) {
			m := meterOf(t, prices, func(c *Config) { c.Dialects.Files = []string{file} })
			m.sendTraces(chat(tt.model, tt.attributes))
			m.one("app openai gen_ai "+tt.model+" chat", "1 success, "+tt.want)
		})
	}
	for name, wrong := range map[string]float64{"negative": -1, "NaN": math.NaN(), "infinite": math.Inf(1), "far too much": 1e7} {
		for _, key := range []string{"input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning", "per_request"} {
			o := pricing.Override{Model: "m", Input: usd(1), Output: usd(1)}
			*map[string]**float64{
				"input": &o.Input, "output": &o.Output, "cache_read": &o.CacheRead, "cache_write": &o.CacheWrite,
				"cache_write_1h": &o.CacheWrite1h, "reasoning": &o.Reasoning, "per_request": &o.PerRequest,
			}[key] = usd(wrong)
			c := createDefaultConfig().(*Config)
			c.Pricing.Overrides = []pricing.Override{{Model: "fine", Input: usd(0), Output: usd(0)}, o}
			err := c.Validate()
			require.ErrorContains(t, err, "`pricing.overrides[1]`", name)
			require.ErrorContains(t, err, "`"+key+"`", name)
		}
	}
}

// E-F22: a long prompt makes the whole call cost the price of long ones: 200,000
// tokens are not long, 200,001 are, cached ones included.
func TestLongContext_E_F22(t *testing.T) {
	for name, prices := range map[string]string{
		"ours":       "prices: [{provider: openai, model: m, input: 1, output: 10, tiers: [{above: 200000, input: 2, output: 15}]}]",
		"LiteLLM":    `{"m": {"litellm_provider": "openai", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-5, "input_cost_per_token_above_200k_tokens": 2e-6, "output_cost_per_token_above_200k_tokens": 1.5e-5}}`,
		"models.dev": `{"openai": {"id": "openai", "models": {"m": {"id": "m", "cost": {"input": 1, "output": 10, "context_over_200k": {"input": 2, "output": 15}}}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, tt := range []struct{ attributes, want string }{
				{"gen_ai.usage.input_tokens: 200000, gen_ai.usage.output_tokens: 1000", "200000 input, 1000 output, $0.21 priced"},
				{"gen_ai.usage.input_tokens: 200001, gen_ai.usage.output_tokens: 1000", "200001 input, 1000 output, $0.415002 priced"},
				{"gen_ai.usage.input_tokens: 200001, gen_ai.usage.cache_read.input_tokens: 200000, gen_ai.usage.output_tokens: 1000", "1 input, 200000 cache_read, 1000 output, $0.415002 priced"},
			} {
				m := meterOf(t, pricedBy(t, prices))
				m.sendTraces(chat("m", tt.attributes))
				m.one(chatM, "1 success, "+tt.want)
			}
		})
	}
}

// E-F23: there is no multiplier (design.md has none): a contract is an override.
// A price of 0 is one, and costs 0; -1, NaN and text are refused.
func TestZeroIsAPrice_E_F23(t *testing.T) {
	m := meterOf(t, overridden(
		pricing.Override{Provider: "openai", Model: "gpt-5", Input: usd(0), Output: usd(0)},
		pricing.Override{Provider: "openai", Model: "gpt-4o", Input: usd(1.25), Output: usd(5)}, // half of the list price
	))
	m.sendTraces(chat("gpt-5", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.output_tokens: 1000"))
	m.sendTraces(chat("gpt-4o", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.output_tokens: 1000"))
	assert.Equal(t, map[string]string{
		"app openai gen_ai gpt-5 chat":  "1 success, 1000 input, 1000 output", // and not unpriced
		"app openai gen_ai gpt-4o chat": "1 success, 1000 input, 1000 output, $0.00625 priced",
	}, m.bills())
	for _, text := range []string{"input: -1, output: 1", "input: 1, output: .nan", "input: free, output: 1", "input: 1, output: 1, cost_multiplier: 0.5"} {
		_, err := loadConfig("pricing: {overrides: [{model: m, " + text + "}]}")
		assert.Error(t, err, text)
	}
}

// E-F24: cost is told apart by its source, not by the type of token (design.md
// section 7). What each type costs adds up to what all of them cost.
func TestCostAddsUp_E_F24(t *testing.T) {
	prices := pricedBy(t, "prices: [{provider: openai, model: \"*\", input: 1.1, cache_read: 0.13, cache_write: 1.7, output: 11.9, reasoning: 23.3}]")
	m := meterOf(t, prices)
	m.sendTraces(chat("m", "gen_ai.usage.input_tokens: 600, gen_ai.usage.cache_read.input_tokens: 200, gen_ai.usage.cache_write.input_tokens: 100, gen_ai.usage.output_tokens: 90, gen_ai.usage.reasoning.output_tokens: 40"))
	for _, part := range []string{
		"gen_ai.usage.input_tokens: 300",
		"gen_ai.usage.input_tokens: 200, gen_ai.usage.cache_read.input_tokens: 200",
		"gen_ai.usage.input_tokens: 100, gen_ai.usage.cache_write.input_tokens: 100",
		"gen_ai.usage.output_tokens: 50",
		"gen_ai.usage.output_tokens: 40, gen_ai.usage.reasoning.output_tokens: 40",
	} {
		m.sendTraces(chat("parts", part))
	}
	m.sendTraces(chat("m", "gen_ai.usage.input_tokens: 1, gen_ai.usage.cost: 0.25"))
	// 300*1100 + 200*130 + 100*1700 + 50*11900 + 40*23300 nano-dollars
	assert.Equal(t, map[string]string{
		chatM:                          "2 success, 301 input, 200 cache_read, 100 cache_write, 50 output, 40 reasoning, $0.002053 priced, $0.25 reported",
		"app openai gen_ai parts chat": "5 success, 300 input, 200 cache_read, 100 cache_write, 50 output, 40 reasoning, $0.002053 priced",
	}, m.bills())
}

// E-F25: without a price tokens count and cost stays out: the request is counted
// as unpriced, its model is told once, and a price that is known later changes
// nothing that was counted.
func TestUnpriced_E_F25(t *testing.T) {
	keep := keptIn(t.TempDir(), durabilityWrite)
	m := meterOf(t, keep, func(c *Config) { c.Pricing.Enabled = true })
	for range 3 {
		m.sendTraces(chat("gpt-5-of-our-team", "gen_ai.usage.input_tokens: 1000"))
	}
	m.sendTraces(chat("another-of-ours", "gen_ai.usage.input_tokens: 1000"))
	m.sendTraces(chat("gpt-5-of-our-team", "error.type: timeout")) // nothing to price
	told := m.rig.logs.FilterMessage("No price is known: its tokens count, its cost does not").All()
	require.Len(t, told, 2)
	assert.Equal(t, map[string]any{"provider": "openai", "model": "gpt-5-of-our-team"}, told[0].ContextMap())
	assert.Equal(t, map[string]any{"provider": "openai", "model": "another-of-ours"}, told[1].ContextMap())
	const another = "app openai gen_ai another-of-ours chat"
	assert.Equal(t, map[string]string{
		"app openai gen_ai gpt-5-of-our-team chat": "1 error, 3 success, 3000 input, 3 unpriced",
		another: "1 success, 1000 input, 1 unpriced",
	}, m.bills())

	m = meterOf(t, keep, overridden(pricing.Override{Model: "gpt-5-of-our-team", Input: usd(2), Output: usd(2)}))
	m.batches = 10 // other spans
	m.sendTraces(chat("gpt-5-of-our-team", "gen_ai.usage.input_tokens: 1000"))
	assert.Equal(t, map[string]string{
		"app openai gen_ai gpt-5-of-our-team chat": "1 error, 4 success, 4000 input, $0.002 priced, 3 unpriced",
		another: "1 success, 1000 input, 1 unpriced",
	}, m.bills())
}

// E-F26: a price file, LiteLLM's here, is read again when it changes. Overrides
// win over it, invalid rows are left out, and a file that cannot be used changes
// nothing and is told; at the start it is refused.
func TestPriceFileChanges_E_F26(t *testing.T) {
	path := filepath.Join(t.TempDir(), "prices.json")
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	litellm := func(input string) string {
		return `{"m": {"litellm_provider": "openai", "input_cost_per_token": ` + input + `, "output_cost_per_token": 0, "cache_read_input_token_cost": 1e-7, "cache_creation_input_token_cost": 1.25e-6},
  "mine": {"litellm_provider": "openai", "input_cost_per_token": ` + input + `, "output_cost_per_token": 0},
  "bad": {"litellm_provider": "openai", "input_cost_per_token": -1, "output_cost_per_token": 0},
  "__proto__": {"litellm_provider": "openai", "input_cost_per_token": "free"}}`
	}
	change := func(c *Config) {
		c.Pricing.Enabled, c.Pricing.File = true, path
		c.Pricing.Overrides = []pricing.Override{{Model: "mine", Input: usd(7), Output: usd(7)}}
	}
	synctest.Test(t, func(t *testing.T) {
		write(litellm("1e-6"))
		m := meterOf(t, change)
		call := func() {
			m.sendTraces(chat("m", "gen_ai.usage.input_tokens: 1500, gen_ai.usage.cache_read.input_tokens: 300, gen_ai.usage.cache_write.input_tokens: 200"))
			m.sendTraces(chat("mine", "gen_ai.usage.input_tokens: 1000"))
			m.sendTraces(chat("bad", "gen_ai.usage.input_tokens: 1000"))
		}
		call() // 1000*1000 + 300*100 + 200*1250 nano-dollars
		write(litellm("2.5e-6"))
		call() // not read yet: the same
		pass(time.Minute)
		call() // 1000*2500 + ...
		assert.Equal(t, 1, m.rig.logs.FilterMessage("New prices are in force").Len(), "read once")
		for i, broken := range []string{"", "{", "{}", `{"m": {"litellm_provider": "openai", "input_cost_per_token": -1}}`, "prices: [{model: m, input: 1}]"} {
			write(broken)
			pass(time.Minute)
			assert.Equal(t, i+1, m.rig.logs.FilterMessage("New prices cannot be used; the old ones stay in force").Len(), "told once: %q", broken)
			failures, err := m.telemetry.GetMetric("otelcol.usage.prices.failures")
			require.NoError(t, err)
			assert.Equal(t, int64(i+1), failures.Data.(metricdata.Sum[int64]).DataPoints[0].Value, broken)
			call() // the old ones
		}
		models, err := m.telemetry.GetMetric("otelcol.usage.prices.models")
		require.NoError(t, err)
		assert.Equal(t, int64(2), models.Data.(metricdata.Gauge[int64]).DataPoints[0].Value)
		write(litellm("4e-6"))
		pass(time.Minute)
		call()
		// 2 * 1,280,000 + 6 * 2,780,000 + 4,280,000 nano-dollars
		assert.Equal(t, map[string]string{
			chatM:                         "9 success, 9000 input, 2700 cache_read, 1800 cache_write, $0.02352 priced",
			"app openai gen_ai mine chat": "9 success, 9000 input, $0.063 priced",
			"app openai gen_ai bad chat":  "9 success, 9000 input, 9 unpriced",
		}, m.bills())
	})
	for _, broken := range []string{"", "{}", "prices: [{model: m, input: 1}]", "prices: [{model: m, input: 1, output: 1, discount: 1}]"} {
		write(broken)
		r := newRig(t, "refused", change)
		p, err := r.factory.CreateTraces(t.Context(), r.settings, r.config, consumertest.NewNop())
		if err == nil {
			err = p.Start(t.Context(), componenttest.NewNopHost())
			require.NoError(t, p.Shutdown(t.Context()))
		}
		require.ErrorContains(t, err, "`pricing.file`", broken)
		require.ErrorContains(t, err, path, broken)
	}
}

// E-F27: what a call reports of its cost counts, and then the table is not asked;
// never both, as a log record, as a metric beside tokens, and with prices off.
func TestReportedCostWins_E_F27(t *testing.T) {
	prices := overridden(pricing.Override{Model: "*", Input: usd(1000), Output: usd(1000)})
	off := func(c *Config) { c.Pricing.Enabled = false }
	metricsOnly := strings.TrimPrefix(claudeBill, "1 success, ")
	for name, tt := range map[string]struct {
		change func(*Config)
		send   func(*metered)
		want   string
	}{
		"log":             {prices, func(m *metered) { m.sendLogs(claudeLogs) }, claudeBill},
		"log, prices off": {off, func(m *metered) { m.sendLogs(claudeLogs) }, claudeBill},
		"metrics":         {prices, func(m *metered) { m.sendMetrics(claudeMetrics) }, metricsOnly},
		"micro-dollars win over dollars, because they are exact": {
			prices, func(m *metered) {
				m.sendLogs(strings.ReplaceAll(claudeLogs, "cost_usd: 0.0315", "cost_usd: 0.032, cost_usd_micros: \"31500\""))
			}, claudeBill,
		},
		"no cost in the log": {
			prices, func(m *metered) { m.sendLogs(strings.ReplaceAll(claudeLogs, "cost_usd: 0.0315, ", "")) },
			strings.ReplaceAll(claudeBill, "$0.0315 reported", "$26.204 priced"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := meterOf(t, tt.change)
			tt.send(m)
			m.one(claudeSeries, tt.want)
		})
	}
	t.Run("span", func(t *testing.T) {
		m := meterOf(t, prices)
		m.sendTraces(chat("m", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.cost: 0.5"))
		m.sendTraces(chat("m", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.cost: 0.0")) // free is a cost, too
		m.sendTraces(chat("m", "gen_ai.usage.input_tokens: 1000"))
		m.one(chatM, "3 success, 3000 input, $1 priced, $0.5 reported")
	})
}

// E-F28: what the big providers' own clients send: OpenAI's prompt and completion
// tokens, Gemini's cached part of the prompt and thoughts beside the answer,
// Anthropic's last word of a stream. The rest of the row is X-1 and E-F21.
func TestUsageOfTheBigProviders_E_F28(t *testing.T) {
	t.Run("OpenAI", func(t *testing.T) {
		m := meterOf(t)
		m.sendTraces(chat("m", "gen_ai.usage.prompt_tokens: 100, gen_ai.usage.completion_tokens: 20"))
		m.one(chatM, "1 success, 100 input, 20 output")
	})
	t.Run("Gemini", func(t *testing.T) {
		m := meterOf(t, overridden(pricing.Override{Model: "gemini-2.5-pro", Input: usd(1), CacheRead: usd(0.1), Output: usd(10)}))
		m.sendLogs(`
- service: gemini-cli
  records:
    - attributes: {event.name: gemini_cli.api_response, model: gemini-2.5-pro, input_token_count: 1000, cached_content_token_count: 800, output_token_count: 50, thoughts_token_count: 120, total_token_count: 1170}`)
		// 200*1000 + 800*100 + (50+120)*10000 nano-dollars: cached once, thoughts as output
		m.one("gemini-cli gcp.gemini gen_ai gemini-2.5-pro generate_content", "1 success, 200 input, 800 cache_read, 50 output, 120 reasoning, $0.00198 priced")
	})
	t.Run("the last word of a stream", func(t *testing.T) {
		m := meterOf(t)
		var records strings.Builder
		for i, output := range []int{1, 10, 30} { // as message_delta has it: each repeats those before
			fmt.Fprintf(&records, "\n    - {time: %ds, body: claude_code.api_request, attributes: {event.name: api_request, model: claude-sonnet-4-5, request_id: req_011CSHoEeqs5C35K2UUqR7F1, input_tokens: 50, output_tokens: %d, cache_read_tokens: 40, cache_creation_tokens: 10}}", i, output)
		}
		m.sendLogs("- service: claude-code\n  scope: com.anthropic.claude_code.events\n  records:" + records.String())
		m.one(claudeSeries, "1 success, 50 input, 40 cache_read, 10 cache_write, 30 output")
	})
}

// E-F29: a cost that cannot be one is a bad value and is not added. The call
// counts, and costs what the table says, if it knows.
func TestBadCost_E_F29(t *testing.T) {
	for _, bad := range []string{"-1", "-0.5", ".nan", ".inf", "free", "1.0e+300", "true", "[1]", "{usd: 1}", `""`} {
		t.Run(bad, func(t *testing.T) {
			m := meterOf(t, overridden(pricing.Override{Model: "m", Input: usd(2), Output: usd(2)}))
			m.sendTraces(chat("m", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.cost: "+bad))
			m.sendTraces(chat("nobody-knows", "gen_ai.usage.input_tokens: 1000, gen_ai.usage.cost: "+bad))
			found, err := readSelf(m.telemetry)
			require.NoError(t, err)
			assert.Equal(t, int64(2), selfTotal(found, "bad_values", "attribute=gen_ai.usage.cost"))
			assert.Equal(t, map[string]string{
				chatM:                                 "1 success, 1000 input, $0.002 priced",
				"app openai gen_ai nobody-knows chat": "1 success, 1000 input, 1 unpriced",
			}, m.bills())
		})
	}
	t.Run("in a metric", func(t *testing.T) {
		m := meterOf(t)
		for i, cost := range []string{"0.25", "-1.0", ".nan", ".inf"} {
			m.sendMetricsAt(time.Now().Add(time.Duration(i)*time.Minute), fmt.Sprintf(`
- service: claude-code
  scope: com.anthropic.claude_code
  metrics: [{name: claude_code.cost.usage, type: sum, temporality: delta, points: [{start: -60s, attributes: {model: claude-sonnet-4-5}, value: %s}]}]`, cost))
		}
		m.one(claudeSeries, "$0.25 reported")
	})
}
