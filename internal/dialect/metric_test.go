package dialect

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMetricsKnownByAPartOfTheirName wants all rules that a name fits: which of
// them holds is for the scope to say.
func TestMetricsKnownByAPartOfTheirName(t *testing.T) {
	p := compile(t, Options{},
		`name: a
metrics:
  - {name: ["*.tokens.prompt"], scope: [One*], of: gen_ai, side: provider, measure: tokens, provider: one}
  - {name: ["*.tokens.prompt"], scope: [Two*], of: gen_ai, side: provider, measure: tokens, provider: two}
  - {name: ["*.tokens.completion"], of: gen_ai, side: provider, measure: tokens}`)
	rules := p.Metrics(nil, "Two.Client.tokens.prompt", "", "Two.Client")
	require.Len(t, rules, 1)
	assert.Equal(t, "two", rules[0].Provider)
	assert.Empty(t, p.Metrics(nil, "Two.Client.tokens.prompt", "", "Three.Client"))
}
