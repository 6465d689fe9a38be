package meter

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelPrices is what tokens of some models cost, in nano-USD each.
func modelPrices() map[string][usage.TokenTypes]int64 {
	return map[string][usage.TokenTypes]int64{
		"a": {usage.Input: 1000, usage.CacheRead: 100, usage.CacheWrite: 1500, usage.Output: 4000, usage.Reasoning: 5000},
		"b": {usage.Input: 2000, usage.CacheRead: 2000, usage.CacheWrite: 2000, usage.Output: 8000, usage.Reasoning: 8000},
	}
}

// writeModelPrices writes the same in USD per million, where cache and reasoning cost
// what input and output do unless something else is said.
func writeModelPrices(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "prices.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`
prices:
  - {provider: openai, model: a, input: 1, cache_read: 0.1, cache_write: 1.5, output: 4, reasoning: 5}
  - {provider: openai, model: b, input: 2, output: 8}
`), 0o600))
	return path
}

// price notes what the tokens of a span cost, or that nobody knows.
func (s *modelSpan) price(c *modelConfig, r *modelRecord) {
	if c.prices == "" || s.class != callsModel || s.tokens == [usage.TokenTypes]int64{} {
		return
	}
	prices, known := modelPrices()[s.name]
	if !known {
		r.added.Unpriced = 1
	}
	r.prices = prices
}

// price notes what the tokens of a point cost, or that nobody knows what its calls do.
func (s *modelSample) price(c *modelConfig, r *modelRecord) {
	if c.prices == "" || s.side() != usage.Provider {
		return
	}
	prices, known := modelPrices()[s.of]
	known = known && s.family == "gen_ai"
	switch {
	case s.measure == dialect.Tokens && known:
		r.prices[s.token] = prices[s.token]
	case s.measure == dialect.Durations && !known:
		r.unpriced = true
	}
}

// price prices the tokens that were added to a series. What the series owes already
// was priced when it came as a whole.
func (d *modelDelta) price(series modelSeries) (discounted bool) {
	for t, n := range d.Tokens {
		d.CostPriced += n * d.prices[t]
	}
	for whole, owed := range series.debts() {
		off := min(d.Tokens[whole], *owed) * d.prices[whole]
		d.CostPriced -= off
		discounted = discounted || off > 0
	}
	return discounted
}
