package pricing

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

const usd = nanoPerUSD

func at(t testing.TB, s string) int64 {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return moment.UnixNano()
}

// prices returns the only price of a YAML file.
func prices(t testing.TB, text string) *Price {
	t.Helper()
	table, err := Load("prices.yaml", []byte("prices:\n"+text))
	require.NoError(t, err)
	p := table.Find("openai", "m")
	require.NotNil(t, p)
	return p
}

// call has tokens in the order input, cache read, cache write, output, reasoning.
func call(input, cacheRead, cacheWrite, output, reasoning int64) Call {
	return Call{Tokens: [usage.TokenTypes]int64{input, cacheRead, cacheWrite, output, reasoning}}
}

func TestCost(t *testing.T) {
	const all = "- {model: m, input: 3, output: 15, cache_read: 0.3, cache_write: 3.75, cache_write_1h: 6, reasoning: 20}"
	const bare = "- {model: m, input: 3, output: 15}"
	const millionTokens = 1_000_000
	hour := call(0, 0, millionTokens, 0, 0)
	hour.CacheWrite1h = 400_000
	tooManyHours := hour
	tooManyHours.CacheWrite1h = 2 * millionTokens
	for _, tt := range []struct {
		name, prices string
		call         Call
		want         int64
	}{
		{"nothing", all, Call{}, 0},
		{"input", all, call(millionTokens, 0, 0, 0, 0), 3 * usd},
		{"cache read", all, call(0, millionTokens, 0, 0, 0), 3 * usd / 10},
		{"cache write", all, call(0, 0, millionTokens, 0, 0), 375 * usd / 100},
		{"output", all, call(0, 0, 0, millionTokens, 0), 15 * usd},
		{"reasoning", all, call(0, 0, 0, 0, millionTokens), 20 * usd},
		{"sum", all, call(1, 1, 1, 1, 1), 3000 + 300 + 3750 + 15000 + 20000},
		{"cached for an hour", all, hour, 600_000*3750 + 400_000*6000},
		{"more for an hour than at all", all, tooManyHours, 6 * usd},
		{"no price of cache reads: input", bare, call(0, millionTokens, 0, 0, 0), 3 * usd},
		{"no price of cache writes: input", bare, call(0, 0, millionTokens, 0, 0), 3 * usd},
		{"no price for an hour: cache write", "- {model: m, input: 3, output: 15, cache_write: 4}", hour, 4 * usd},
		{"no price of reasoning: output", bare, call(0, 0, 0, 0, millionTokens), 15 * usd},
		{"half a nano-dollar", "- {model: m, input: 0.0005, output: 0}", call(1, 0, 0, 0, 0), 1},
		{"less than half", "- {model: m, input: 0.000499, output: 0}", call(1, 0, 0, 0, 0), 0},
		{"rounded once", "- {model: m, input: 0.0003, output: 0.0003}", call(1, 0, 0, 1, 0), 1},
		{"each call", "- {model: m, per_request: 0.005}", call(9, 0, 0, 9, 0), 5_000_000},
		{"each call and tokens", "- {model: m, input: 1, output: 1, per_request: 0.005}", call(10, 0, 0, 0, 0), 5_010_000},
		{"free", "- {model: m, input: 0, output: 0}", call(9, 9, 9, 9, 9), 0},
		{"negative", all, call(-5, -5, -5, -5, -5), 0},
		{"saturated", all, call(math.MaxInt64, 0, 0, math.MaxInt64, 0), math.MaxInt64},
		{
			"saturated at the highest price", "- {model: m, input: 1000000, output: 1000000, per_request: 1000000}",
			call(math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64), math.MaxInt64,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, prices(t, tt.prices).Cost(&tt.call).Total)
		})
	}
}

// What came in and went out anew may have been priced before, as a part of something
// else: what it costs is told by itself, at the prices of the call.
func TestCostOfInputAndOutput(t *testing.T) {
	p := prices(t, `
- model: m
  input: 1
  output: 10
  cache_read: 0.1
  per_request: 0.5
  tiers:
    - {above: 1000, input: 4, output: 20}
`)
	for _, tt := range []struct {
		call Call
		want usage.Price
	}{
		{call(100, 100, 0, 10, 10), usage.Price{Total: 100*1000 + 100*100 + 20*10_000 + 5e8, Input: 100 * 1000, Output: 10 * 10_000}},
		{call(100, 1000, 0, 10, 0), usage.Price{Total: 100*4000 + 1000*100 + 10*20_000 + 5e8, Input: 100 * 4000, Output: 10 * 20_000}},
	} {
		require.Equal(t, tt.want, p.Cost(&tt.call))
	}
	batch := call(100, 0, 0, 10, 0)
	batch.Tier = "batch"
	half := builtinTable(t).Find("openai", "gpt-4o").Cost(&batch)
	require.Equal(t, half.Total, half.Input+half.Output)
}

// E-F20: a million calls of $0.000003 are exactly $3.
func TestCostIsExactOverManyCalls(t *testing.T) {
	p := prices(t, "- {model: m, input: 3, output: 0}")
	c := call(1, 0, 0, 0, 0)
	var sum int64
	for range 1_000_000 {
		sum = usage.AddSaturating(sum, p.Cost(&c).Total)
	}
	require.Equal(t, int64(3*usd), sum)
}

// E-F22: a tier is for the whole call, and begins above its bound.
func TestTiersAreCliffs(t *testing.T) {
	p := builtinTable(t).Find("anthropic", "claude-sonnet-4-5")
	for _, tt := range []struct {
		name string
		call Call
		want int64
	}{
		{"at the bound", call(200_000, 0, 0, 10, 0), 200_000*3000 + 10*15000},
		{"above it", call(200_001, 0, 0, 10, 0), 200_001*6000 + 10*22500},
		{"what is cached counts", call(1, 150_000, 50_000, 10, 0), 6000 + 150_000*600 + 50_000*7500 + 10*22500},
		{"what comes out does not", call(1, 0, 0, 300_000, 0), 3000 + 300_000*15000},
	} {
		require.Equal(t, tt.want, p.Cost(&tt.call).Total, tt.name)
	}
	long := call(math.MaxInt64, math.MaxInt64, 0, 0, 0)
	require.Equal(t, int64(math.MaxInt64), p.Cost(&long).Total)
}

func TestTiersFollowEachOther(t *testing.T) {
	p := prices(t, `
- model: m
  input: 1
  output: 10
  cache_read: 0.1
  tiers:
    - {above: 256000, input: 4}
    - {above: 32000, input: 2, output: 20}
`)
	for _, tt := range []struct{ prompt, input, output int64 }{{32_000, 1, 10}, {32_001, 2, 20}, {256_001, 4, 20}} {
		c := call(tt.prompt-1, 1, 0, 1, 0)
		// Only what has a price in a tier changes.
		require.Equal(t, (tt.prompt-1)*tt.input*1000+100+tt.output*1000, p.Cost(&c).Total)
	}
}

// The 272k bound of newer models is given as the last short prompt.
func TestTierBelowARoundNumber(t *testing.T) {
	p := builtinTable(t).Find("openai", "gpt-5.4")
	short, long := call(271_999, 0, 0, 0, 0), call(272_000, 0, 0, 0, 0)
	require.Equal(t, int64(271_999*2500), p.Cost(&short).Total)
	require.Equal(t, int64(272_000*5000), p.Cost(&long).Total)
}

func TestDatedPrices(t *testing.T) {
	p := builtinTable(t).Find("openai", "gpt-5.6-sol")
	for _, tt := range []struct {
		at   string
		want int64
	}{
		{"2026-08-20T23:59:59Z", 5 * usd},
		{"2026-08-21T00:00:00Z", 4 * usd},
		{"2030-01-01T00:00:00Z", 4 * usd},
		{"1969-01-01T00:00:00Z", 5 * usd},
	} {
		require.Equal(t, tt.want, p.Rate(usage.Input, at(t, tt.at)), tt.at)
		c := call(1000, 0, 0, 0, 0)
		c.At = at(t, tt.at)
		require.Equal(t, tt.want/1000, p.Cost(&c).Total, tt.at)
	}
	require.Zero(t, p.Rate(usage.TokenType(9), 0))
}

func TestPricesByTimeOfDay(t *testing.T) {
	// Day and night, then peak hours over both, as the table has them.
	chat := builtinTable(t).Find("deepseek", "deepseek-chat")
	pro := builtinTable(t).Find("deepseek", "deepseek-v4-pro")
	night := prices(t, "- {model: m, input: 2, output: 0}\n- {model: m, input: 1, output: 0, hours: \"22:00-06:30\"}")
	for _, tt := range []struct {
		p    *Price
		at   string
		want int64
	}{
		{chat, "2026-01-01T00:29:59Z", 135_000_000},
		{chat, "2026-01-01T00:30:00Z", 270_000_000},
		{chat, "2026-01-01T16:29:59.999Z", 270_000_000},
		{chat, "2026-01-01T16:30:00Z", 135_000_000},
		{pro, "2026-09-01T00:30:00Z", 660_000_000},
		{pro, "2026-09-01T01:00:00Z", 1_320_000_000},
		{pro, "2026-09-01T05:00:00Z", 660_000_000},
		{pro, "2026-09-01T09:00:00Z", 1_320_000_000},
		{night, "2026-01-01T21:59:59Z", 2 * usd},
		{night, "2026-01-01T22:00:00Z", usd},
		{night, "2026-01-02T00:00:00Z", usd},
		{night, "2026-01-02T06:29:59Z", usd},
		{night, "2026-01-02T06:30:00Z", 2 * usd},
		{night, "1950-01-02T05:00:00Z", usd},
	} {
		require.Equal(t, tt.want, tt.p.Rate(usage.Input, at(t, tt.at)), "%s at %s", tt.p.ID(), tt.at)
	}
}

func TestServiceTiers(t *testing.T) {
	own := prices(t, `
- model: m
  input: 4
  output: 8
  cache_read: 1
  tiers: [{above: 1000, input: 40, cache_read: 10}]
  flex: {input: 2}
  priority: {input: 8, output: 16}
  batch: {input: 3, output: 3}
`)
	table := builtinTable(t)
	halved := table.Find("openai", "gpt-4o")
	full := table.Find("gcp.gemini", "gemini-2.0-flash")
	for _, tt := range []struct {
		name string
		p    *Price
		tier string
		want int64
	}{
		{"none", own, "", 100*4 + 10*8},
		{"default", own, "default", 100*4 + 10*8},
		{"unknown", own, "ultra", 100*4 + 10*8},
		{"flex keeps the price of output", own, "flex", 100*2 + 10*8},
		{"priority", own, "Priority", 100*8 + 10*16},
		{"batch of its own", own, "batch", 100*3 + 10*3},
		{"openai", halved, "auto", 250 + 100},
		{"openai flex", halved, "flex", 250 + 100},
		{"openai batch", halved, "batch", 125 + 50},
		{"anthropic batch", table.Find("anthropic", "claude-haiku-4-5"), "batch", 50 + 25},
		{"batch elsewhere", full, "batch", 10 + 4},
	} {
		c := call(100, 0, 0, 10, 0)
		c.Tier = tt.tier
		require.Equal(t, tt.want*1000, tt.p.Cost(&c).Total, tt.name)
	}

	long := call(1001, 1, 0, 0, 0)
	long.Tier = "flex"
	require.Equal(t, int64(1001*2000+10*1000), own.Cost(&long).Total, "flex has one price of input for all lengths")
	odd := call(1, 0, 0, 0, 0)
	odd.Tier = "batch"
	require.Equal(t, int64(1), prices(t, "- {provider: openai, model: m, input: 0.001, output: 0}").Cost(&odd).Total, "half a nano-dollar is rounded up")
}

func TestPricePerCallOfTheTable(t *testing.T) {
	c := call(1000, 0, 0, 1000, 0)
	require.Equal(t, int64(12_000_000+1_000_000+1_000_000), builtinTable(t).Find("perplexity", "sonar").Cost(&c).Total)
	free := builtinTable(t).Find("openrouter", "deepseek/deepseek-r1:free")
	require.Zero(t, free.Cost(&c).Total)
}
