package pricing

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func load1(t testing.TB, file string) *Table {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	table, err := Load(file, data)
	require.NoError(t, err)
	return table
}

type costCase struct {
	provider, model string
	call            Call
	tier            string
	want            int64 // thousands of nano-USD; -1: unpriced
}

func (c *costCase) check(t *testing.T, table *Table) {
	t.Helper()
	p := table.Find(c.provider, c.model)
	if p == nil {
		require.Equal(t, int64(-1), c.want, "%s %s is unpriced", c.provider, c.model)
		return
	}
	c.call.Tier = c.tier
	require.Equal(t, c.want*thousand, p.Cost(&c.call).Total, "%s %s %s as %s", c.provider, c.model, c.tier, p.ID())
}

func TestLiteLLM(t *testing.T) {
	table := load1(t, "litellm.json")
	require.Equal(t, "litellm.json (LiteLLM)", table.Source())
	require.Equal(t, 8, table.Skipped())
	require.Equal(t, 19, table.Models())
	const k = 1000
	million := call(k*k, 0, 0, 0, 0)
	hour := call(0, 0, k, 0, 0)
	hour.CacheWrite1h = k
	longHour := call(200*k, 0, k, 0, 0)
	longHour.CacheWrite1h = k
	for _, tt := range []costCase{
		{"openai", "gpt-4o-2024-08-06", call(k, k, 0, k, 0), "", 2500 + 1250 + 10000},
		{"openai", "gpt-4o", call(k, k, 0, k, 0), "priority", 4250 + 2125 + 17000},
		{"openai", "gpt-4o", call(k, k, 0, k, 0), "batch", 1250 + 1250 + 5000},
		{"openai", "gpt-4o", call(k, 0, 0, k, 0), "flex", 2500 + 10000},
		{"openai", "gpt-5", call(k, 0, 0, k, 0), "flex", 625 + 5000},
		{"openai", "gpt-5", call(k, 0, 0, k, 0), "batch", 625 + 5000},
		{"openai", "gpt-5", call(k, 0, 0, k, 0), "", 1250 + 10000},
		{"openai", "gpt-5.1", call(k, 0, 0, k, 0), "", -1},
		{"openai", "gpt-5.4", call(272*k, 0, 0, 0, 0), "", 272 * 2500},
		{"openai", "gpt-5.4", call(272*k+k, 0, 0, 0, 0), "", 273 * 5000},
		{"openai", "gpt-5.4", call(273*k, 0, 0, k, 0), "priority", 273*10000 + 22500},
		{"anthropic", "claude-sonnet-4-5", call(k, k, k, k, 0), "", 3000 + 300 + 3750 + 15000},
		{"anthropic", "claude-sonnet-4-5", hour, "", 6000},
		{"anthropic", "claude-sonnet-4-5", longHour, "", 200*6000 + 12000},
		{"anthropic", "claude-sonnet-4-5", call(201*k, k, k, k, 0), "", 201*6000 + 600 + 7500 + 22500},
		{"aws.bedrock", "anthropic.claude-3-5-sonnet-20241022-v2:0", million, "", 3_000_000},
		{"aws.bedrock", "eu.anthropic.claude-3-5-sonnet-20241022-v2:0", million, "", 3_300_000},
		{"aws.bedrock", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", million, "", 3_000_000},
		{"aws.bedrock", "bedrock/us-gov-west-1/anthropic.claude-3-5-sonnet-20241022-v2:0", million, "", 3_600_000},
		{"gcp.vertex_ai", "claude-sonnet-4@20250514", million, "", 3_000_000},
		{"gcp.vertex_ai", "gemini-1.5-pro-002", call(128*k, 0, 0, k, 0), "", 128*1250 + 5000},
		{"gcp.vertex_ai", "gemini-1.5-pro-002", call(129*k, 0, 0, k, 0), "", 129*2500 + 10000},
		{"gcp.gemini", "gemini-2.5-flash", call(k, 0, 0, k, k), "", 300 + 2500 + 3000},
		{"azure.ai.openai", "gpt-4o", million, "", 2_600_000},
		{"azure.ai.openai", "azure/eu/gpt-4o-2024-08-06", million, "", 2_750_000},
		{"azure.ai.openai", "gpt-4o-2024-08-06", million, "", 2_600_000},
		{"azure.ai.openai", "gpt-5", million, "", 1_250_000},
		{"openrouter", "anthropic/claude-sonnet-4.5", million, "", 3_100_000},
		{"fireworks", "accounts/fireworks/models/deepseek-v3", million, "", 900_000},
		{"fireworks", "deepseek-v3", million, "", 900_000},
		{"alibaba", "qwen-plus", call(256*k, 0, 0, k, k), "", 256*400 + 1200 + 4000},
		{"alibaba", "qwen-plus", call(257*k, 0, 0, k, k), "", 257*1200 + 3600 + 12000},
		{"openai", "text-embedding-3-small", million, "", 20_000},
		{"perplexity", "sonar", call(k, 0, 0, 0, 0), "", 5000*k/1000 + 1000},
		{"ollama", "llama3", million, "", 0},
		{"ollama", "llama3:latest", million, "", 0},
		{"github", "gpt-4o", million, "", -1},
		{"openai", "dall-e-3", million, "", -1},
		{"openai", "whisper-1", million, "", -1},
		{"openai", "negative", million, "", -1},
		{"openai", "words", million, "", -1},
	} {
		tt.check(t, table)
	}
}

func TestModelsDev(t *testing.T) {
	table := load1(t, "modelsdev.json")
	require.Equal(t, "modelsdev.json (models.dev)", table.Source())
	require.Equal(t, 3, table.Skipped())
	require.Equal(t, 7, table.Models())
	const k = 1000
	for _, tt := range []costCase{
		{"anthropic", "claude-sonnet-4-5-20250929", call(k, k, k, k, 0), "", 3000 + 300 + 3750 + 15000},
		{"anthropic", "claude-sonnet-4-5", call(k, 200*k, k, k, 0), "", 6000 + 200*600 + 7500 + 22500},
		{"aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", call(k, 0, 0, 0, 0), "", 3300},
		{"aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", call(k, 0, 0, 0, 0), "", 3000},
		{"gcp.gemini", "gemini-2.5-flash", call(k, 0, 0, k, 0), "", 300 + 2500},
		{"gcp.gemini", "gemma-3-27b-it", call(k, 0, 0, k, 0), "", 0},
		{"alibaba", "qwen3-max", call(32*k, 0, 0, k, k), "", 32*1200 + 6000 + 7000},
		{"alibaba", "qwen3-max", call(33*k, 0, 0, k, k), "", 33*2400 + 12000 + 7000},
		{"alibaba", "qwen3-max", call(129*k, 0, 0, k, 0), "", 129*3000 + 15000},
		{"alibaba", "qwen-open", call(k, 0, 0, k, 0), "", -1},
		{"alibaba", "negative", call(k, 0, 0, k, 0), "", -1},
		{"github", "gpt-4o", call(k, 0, 0, k, 0), "", -1},
	} {
		tt.check(t, table)
	}
}

func TestYAML(t *testing.T) {
	table, err := Load("ours.yaml", []byte(`
# Contract of 2026.
prices:
  - provider: azure
    model: prod-chat
    input: 2.5
    output: 10
  - provider: azure
    model: prod-chat
    input: 2
    output: 8
    effective_from: 2026-07-01
  - {model: "acme-*", input: 1, output: 2}
  - {model: "acme-large-*", input: 10, output: 20}
  - {provider: anthropic, model: "*", input: 3, output: 3}
`))
	require.NoError(t, err)
	require.Equal(t, "ours.yaml", table.Source())
	require.Equal(t, 5, table.Models())
	july := at(t, "2026-07-01T00:00:00Z")
	for _, tt := range []struct {
		provider, model string
		at, want        int64
	}{
		{"azure.ai.openai", "prod-chat", july - 1, 2_500_000_000},
		{"azure.ai.openai", "prod-chat", july, 2_000_000_000},
		{"openai", "prod-chat", july, -1},
		{"vllm", "acme-small", july, 1 * usd},
		{"vllm", "hosted_vllm/acme-large-2", july, 10 * usd},
		{"anthropic", "claude-opus-5", july, 3 * usd},
		{"openai", "gpt-4o", july, -1},
	} {
		p := table.Find(tt.provider, tt.model)
		if p == nil {
			require.Equal(t, int64(-1), tt.want, "%s %s", tt.provider, tt.model)
			continue
		}
		require.Equal(t, tt.want, p.Rate(usage.Input, tt.at), "%s %s", tt.provider, tt.model)
	}

	_, err = Load("ours.json", []byte(`{"prices": [{"model": "m", "input": 1, "output": 2}]}`))
	require.NoError(t, err, "JSON is YAML")
}

func TestLoadRefuses(t *testing.T) {
	const format = "is no list of prices: LiteLLM's JSON, models.dev's JSON and YAML with the key `prices` are accepted"
	row := func(fields string) string { return "prices: [{model: m, " + fields + "}]" }
	for _, tt := range []struct{ name, data, want string }{
		{"nothing", "", "is empty: " + format},
		{"white space", " \n\t", "is empty: " + format},
		{"empty object", "{}", "has no price of any model as LiteLLM, and 0 invalid rows: " + format},
		{"other JSON", `{"a": {"b": 1}}`, "has no price of any model as LiteLLM, and 0 invalid rows: " + format},
		{"invalid rows only", `{"a": 1, "b": {"input_cost_per_token": -1}}`, "has no price of any model as LiteLLM, and 2 invalid rows: " + format},
		{"no costs", `{"openai": {"models": {"gpt-4o": {}}}}`, "has no price of any model as models.dev, and 0 invalid rows: " + format},
		{"cut JSON", `{"gpt-4o": {`, format + ": unexpected end of JSON input"},
		{"array", `[]`, format},
		{"text", "hello", format},
		{"unknown key", row("input: 1, output: 1, outptu: 3"), "field outptu not found"},
		{"unknown key at the top", "price: []", "field price not found"},
		{"no prices", "prices: []", "has no `prices`: at least one is needed"},
		{"two documents", "prices: [{model: m, input: 1, output: 1}]\n---\na: 1", "has a second document: one is accepted"},
		{"no model", "prices: [{input: 1, output: 1}]", "`prices[0]`: `model` is empty: a name, or a pattern with `*` and `?`, is accepted"},
		{"no output", row("input: 1"), "`prices[0]`: `input` and `output` are needed, of which 0 is accepted, unless there is `per_request`"},
		{"negative", row("input: -1, output: 1"), "`prices[0]`: `input` is -1: USD from 0 to 1000000 are accepted"},
		{"not a number", row("input: 1, output: .nan"), "`prices[0]`: `output` is NaN: USD from 0 to 1000000 are accepted"},
		{"infinite", row("input: 1, output: 1, cache_read: .inf"), "`prices[0]`: `cache_read` is +Inf: USD from 0 to 1000000 are accepted"},
		{"too much a call", row("per_request: 1e7"), "`prices[0]`: `per_request` is 1e+07: USD from 0 to 1000000 are accepted"},
		{"no day", row("input: 1, output: 1, effective_from: soon"), "`prices[0]`: `effective_from` is \"soon\": days like 2026-01-31 are accepted"},
		{"no hours", row("input: 1, output: 1, hours: 8-17"), "`prices[0]`: `hours` has the time \"8\": times of day in UTC like 16:30 are accepted"},
		{"half hours", row("input: 1, output: 1, hours: \"08:00\""), "`prices[0]`: `hours` has the time \"\": times of day in UTC like 16:30 are accepted"},
		{"no time between", row("input: 1, output: 1, hours: \"08:00-08:00\""), "`prices[0]`: `hours` begins and ends at \"08:00\": two times are accepted"},
		{"tier at 0", row("input: 1, output: 1, tiers: [{above: 0, input: 2}]"), "`prices[0]`: `tiers[0].above` is 0: a number of tokens above 0 is accepted"},
		{"tier twice", row("input: 1, output: 1, tiers: [{above: 9, input: 2}, {above: 9, input: 2}]"), "`prices[0]`: `tiers[1].above` is 9 again: each is accepted once"},
		{"tier negative", row("input: 1, output: 1, tiers: [{above: 9, input: -2}]"), "`prices[0]`: `tiers[0]`: `input` is -2: USD from 0 to 1000000 are accepted"},
		{"batch negative", row("input: 1, output: 1, batch: {output: -2}"), "`prices[0]`: `batch`: `output` is -2: USD from 0 to 1000000 are accepted"},
		{
			"twice", "prices: [{model: m, input: 1, output: 1}, {model: M, input: 1, output: 1}]",
			"`prices[1]`: `model` has `m` again: a second price from another day or at other hours is accepted",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load("p.x", []byte(tt.data))
			require.ErrorContains(t, err, "`p.x` ")
			require.ErrorContains(t, err, tt.want)
		})
	}
	_, err := Load("p.x", make([]byte, maxFile+1))
	require.EqualError(t, err, "`p.x` has 67108865 bytes: up to 67108864 are accepted")
}

func TestReadBuiltinRefusesDamage(t *testing.T) {
	for _, data := range [][]byte{nil, builtin[:10], builtin[:len(builtin)/2], []byte(strings.Repeat("x", 100))} {
		_, err := readBuiltin(data)
		require.Error(t, err)
	}
	_, err := builtinRows("p", []byte(`[{"names":["m"],"prices":[{"input_mtok":-1}]}]`))
	require.EqualError(t, err, "p/m: is -1: USD from 0 to 1000000 are accepted")
}

func FuzzLoad(f *testing.F) {
	for _, file := range []string{"litellm.json", "modelsdev.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte("prices:\n- {provider: azure, model: \"m*\", input: 1, output: 2, hours: \"22:00-06:00\", tiers: [{above: 9, input: 3}], batch: {input: 1}}\n"))
	f.Add([]byte("prices: [{model: m, per_request: 1, effective_from: 2026-01-01}]"))
	f.Add([]byte(`{"a/b": {"input_cost_per_token": 1e-6, "input_cost_per_token_above_1k_tokens_flex": "2e-6", "tiered_pricing": [{"range": [5]}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := Load("x", data)
		if err != nil {
			return
		}
		if table.Models() == 0 {
			t.Fatal("a table without prices")
		}
		huge := call(math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64)
		for _, tier := range []string{"", "flex", "priority", "batch"} {
			huge.Tier = tier
			for _, model := range []string{"m", "a/b", "gpt-4o", "us.anthropic.claude-4-sonnet-v1:0", "x:free"} {
				if p := table.Find("azure.ai.openai", model); p != nil && p.Cost(&huge).Total < 0 {
					t.Fatalf("%s: negative cost", p.ID())
				}
			}
		}
	})
}

func FuzzFind(f *testing.F) {
	for _, seed := range []string{"gpt-4o", "arn:aws:bedrock:::inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0", "ft:gpt-4o:a::b", "models/x@1[1m]", "claude-4.5-opus"} {
		f.Add("openai", seed)
		f.Add("", seed)
	}
	table, err := Builtin()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, provider, model string) {
		p := table.Find(provider, model)
		if p != table.Find(provider, model) && len(model) <= maxName {
			t.Fatal("two answers")
		}
		c := call(1000, 1000, 1000, 1000, 1000)
		if p != nil && p.Cost(&c).Total < 0 {
			t.Fatal("negative cost")
		}
	})
}
