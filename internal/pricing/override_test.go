package pricing

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func override(provider, model string, input float64) Override {
	return Override{Provider: provider, Model: model, Input: &input, Output: &input}
}

func with(t testing.TB, overrides ...Override) *Table {
	t.Helper()
	table, err := builtinTable(t).With(overrides)
	require.NoError(t, err)
	return table
}

func TestOverridesWin(t *testing.T) {
	table := with(t,
		override("", "gpt-*", 1),
		override("", "gpt-4*", 2),
		override("", "gpt-4o", 3),
		override("azure", "gpt-4o", 4),
		override("azure.ai.openai", "gpt-4*", 5),
		override("aws", "claude-*", 6),
		override("", "Claude-Sonnet-4.5", 7),
		override("llm.internal.example", "*", 8),
		override("anthropic", "claude-haiku-?-?", 9),
		override("ollama", "*", 0),
		override("google", "gemini-2.5-pro", 10),
	)
	require.Equal(t, builtinTable(t).Source(), table.Source())
	require.Equal(t, builtinTable(t).Models(), table.Models())
	for _, tt := range []struct {
		provider, model string
		want            float64
	}{
		{"openai", "gpt-5", 1},
		{"openai", "gpt-4.1", 2},
		{"openai", "gpt-4o", 3},
		{"openai", "GPT-4o", 3},
		{"openai", "gpt-4o-2024-05-13", 3},
		{"openai", "gpt-4o-mini", 2},
		{"azure.ai.openai", "gpt-4o", 4},
		{"azure.ai.inference", "gpt-4o", 4},
		{"azure.ai.openai", "gpt-4.1", 5},
		{"azure.ai.inference", "gpt-4.1", 2},
		{"aws.bedrock", "us.anthropic.claude-opus-4-6-v1", 6},
		{"anthropic", "us.anthropic.claude-opus-4-6-v1", 6},
		{"anthropic", "claude-opus-4-6", 5},
		{"anthropic", "claude-sonnet-4-5-20250929", 7},
		{"gcp.vertex_ai", "claude-sonnet-4-5@20250929", 7},
		{"llm.internal.example", "acme-7b", 8},
		{"anthropic", "claude-haiku-4-5-20251001", 9},
		{"ollama", "llama3.2:1b", 0},
		{"gcp.vertex_ai", "gemini-2.5-pro", 10},
		{"gcp.gemini", "gemini-2.5-pro", 10},
		{"gcp.gemini", "gemini-2.5-flash", 0.3},
	} {
		p := table.Find(tt.provider, tt.model)
		require.NotNil(t, p, "%s %s", tt.provider, tt.model)
		require.Equal(t, int64(math.Round(tt.want*usd)), p.Rate(usage.Input, math.MaxInt64), "%s %s is %s", tt.provider, tt.model, p.ID())
	}
	require.Nil(t, table.Find("groq", "acme-7b"))
}

// Overrides may be put over a file as well, and over others.
func TestOverridesOverFiles(t *testing.T) {
	file, err := Load("f", []byte("prices: [{model: m, input: 1, output: 1}, {model: n, input: 1, output: 1}]"))
	require.NoError(t, err)
	table, err := file.With([]Override{override("", "m", 2)})
	require.NoError(t, err)
	require.Equal(t, int64(2*usd), table.Find("x", "m").Rate(usage.Input, 0))
	require.Equal(t, int64(1*usd), table.Find("x", "n").Rate(usage.Input, 0))
	require.Equal(t, int64(1*usd), file.Find("x", "m").Rate(usage.Input, 0), "the table itself does not change")
	same, err := file.With(nil)
	require.NoError(t, err)
	require.Same(t, file, same)
}

// What an override leaves out does not come from the table.
func TestOverridesReplaceTheEntry(t *testing.T) {
	p := with(t, override("anthropic", "claude-sonnet-4-5", 8)).Find("anthropic", "claude-sonnet-4-5")
	for _, tokens := range []Call{call(1000, 0, 0, 0, 0), call(0, 1000, 0, 0, 0), call(0, 0, 1000, 0, 0), call(0, 0, 0, 0, 1000)} {
		require.Equal(t, int64(1000*8000), p.Cost(&tokens).Total)
	}
	long := call(300_000, 0, 0, 0, 0)
	require.Equal(t, int64(300_000*8000), p.Cost(&long).Total)
	long.Tier = "batch"
	require.Equal(t, int64(300_000*4000), p.Cost(&long).Total)
}

// Until an override begins, the entry of the table holds.
func TestOverridesFromADay(t *testing.T) {
	first, second := override("openai", "gpt-4o", 9), override("openai", "gpt-4o", 7)
	first.EffectiveFrom, second.EffectiveFrom = "2026-09-01", "2026-10-01"
	unknown := override("", "acme", 5)
	unknown.EffectiveFrom = "2026-09-01"
	table := with(t, first, second, unknown)
	for _, tt := range []struct {
		model, at string
		want      int64
	}{
		{"gpt-4o", "2026-08-31T23:59:59Z", 25 * usd / 10},
		{"gpt-4o", "2026-09-01T00:00:00Z", 9 * usd},
		{"gpt-4o", "2026-10-01T00:00:00Z", 7 * usd},
		{"acme", "2026-01-01T00:00:00Z", 5 * usd},
	} {
		require.Equal(t, tt.want, table.Find("openai", tt.model).Rate(usage.Input, at(t, tt.at)), tt.at)
	}
	// A table of a table: the newest layer is last.
	third := override("openai", "gpt-4o", 6)
	third.EffectiveFrom = "2026-11-01"
	both, err := table.With([]Override{third})
	require.NoError(t, err)
	require.Equal(t, int64(6*usd), both.Find("openai", "gpt-4o").Rate(usage.Input, at(t, "2026-11-01T00:00:00Z")))
	require.Equal(t, int64(7*usd), both.Find("openai", "gpt-4o").Rate(usage.Input, at(t, "2026-10-31T00:00:00Z")))
	require.Equal(t, int64(25*usd/10), both.Find("openai", "gpt-4o").Rate(usage.Input, 0))
}

func TestWithRefuses(t *testing.T) {
	price := func(v float64) *float64 { return &v }
	for _, tt := range []struct {
		o    Override
		want string
	}{
		{Override{}, "`model` is empty: a name, or a pattern with `*` and `?`, is accepted"},
		{Override{Model: "m"}, "`input` and `output` are needed, of which 0 is accepted, unless there is `per_request`"},
		{override("", "m", -0.5), "`input` is -0.5: USD from 0 to 1000000 are accepted"},
		{override("", "m", math.NaN()), "`input` is NaN: USD from 0 to 1000000 are accepted"},
		{override("", "m", math.Inf(1)), "`input` is +Inf: USD from 0 to 1000000 are accepted"},
		{Override{Model: "m", PerRequest: price(-1)}, "`per_request` is -1: USD from 0 to 1000000 are accepted"},
		{Override{Model: "m", PerRequest: price(1), Reasoning: price(-1)}, "`reasoning` is -1: USD from 0 to 1000000 are accepted"},
		{Override{Model: "m", PerRequest: price(1), EffectiveFrom: "2026-13-01"}, "`effective_from` is \"2026-13-01\": days like 2026-01-31 are accepted"},
		{Override{Model: string(make([]byte, 300)) + "m"}, "`model` or `provider` is longer than 256 bytes: up to that is accepted"},
	} {
		require.EqualError(t, tt.o.Check(), tt.want)
		_, err := builtinTable(t).With([]Override{override("", "ok", 1), tt.o})
		require.EqualError(t, err, "`overrides[1]`: "+tt.want)
	}
	_, err := builtinTable(t).With([]Override{override("", "m", 1), override("", "m", 1)})
	require.ErrorContains(t, err, "`overrides[1]`: `model` has `m` again")
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true},
		{"*", "a/b", true},
		{"gpt-*", "gpt-4", true},
		{"gpt-*", "gpt", false},
		{"*-mini", "gpt-4o-mini", true},
		{"*-mini", "gpt-4o-mini-1", false},
		{"a*b*c", "axxbyybzc", true},
		{"a*b*c", "axxbyybz", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"m[1m]", "m[1m]", true},
		{"abc", "abcd", false},
		{"**a**", "bab", true},
	} {
		require.Equal(t, tt.want, usage.Glob(tt.pattern, tt.name), "%s %s", tt.pattern, tt.name)
	}
}
