package extract

import (
	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Prices is what a table of prices can tell; nil functions know nothing.
type Prices struct {
	// Call returns what a call costs.
	Call func(*Priceable) (price usage.Price, known bool)
	// Rates returns what tokens cost, by type, in nano-USD per million.
	Rates func(*Priceable) (rates [usage.TokenTypes]int64, known bool)
}

// Priceable is what a price depends on. Its strings are the telemetry's: they
// must not be kept.
type Priceable struct {
	Provider string
	// Models are the one that answered and the one that was asked for: what is
	// known of the first comes first.
	Models       [2]string
	Tokens       [usage.TokenTypes]int64
	CacheWrite1h int64
	Tier         string
	At           int64 // Unix ns
}

// cost finds out what a call cost: what the telemetry says, else what the table
// of prices makes of its tokens.
func (r *Reading) cost(c *usage.Inference, provider string) {
	if nanos, ok := r.values.scaled(dialect.Cost); ok {
		c.Cost, c.CostSource = nanos, usage.CostReported
		return
	}
	if r.x.prices.Call == nil || c.Tokens == [usage.TokenTypes]int64{} {
		return
	}
	p := r.priceable(provider)
	p.Tokens = c.Tokens
	p.CacheWrite1h, _ = r.values.amount(dialect.CacheWrite1hTokens)
	price, known := r.x.prices.Call(p)
	if !known {
		c.CostSource = usage.CostUnknown
		return
	}
	c.Cost, c.CostSource = price.Total, usage.CostPriced
	c.InputCost, c.OutputCost = price.Input, price.Output
}

// priceable is the reading's own: a function value is given a pointer to it.
func (r *Reading) priceable(provider string) *Priceable {
	v := &r.values
	r.asked = Priceable{
		Provider: provider,
		Models:   [2]string{stated(v.text(dialect.ResponseModel)), stated(v.text(dialect.RequestModel))},
		Tier:     v.text(dialect.ServiceTier),
		At:       r.hours.now,
	}
	return &r.asked
}
