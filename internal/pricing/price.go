package pricing

import (
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Price is what one model costs at one provider, now and at other times. It is
// immutable.
type Price struct {
	id string
	// periods is never empty; the last one that is active holds, and the first
	// one where none is.
	periods []period
	// halfBatch: a batch costs half, unless it has prices of its own.
	halfBatch bool
	// untold: the model is paid for in a way that is no price per token or call.
	untold bool
}

// ID names the entry of the table: provider/model.
func (p *Price) ID() string { return p.id }

func (p *Price) at(unixNano int64) *rates {
	for i := len(p.periods) - 1; i >= 0; i-- {
		if p.periods[i].when.active(unixNano) {
			return &p.periods[i].rates
		}
	}
	return &p.periods[0].rates
}

// Cost is what a call costs in nano-USD; each number is rounded half up once. It is
// never negative and stops at the largest int64.
func (p *Price) Cost(c *Call) usage.Price {
	r := p.at(c.At)
	l, divisor := &r.normal, uint64(million)
	tier := serviceTier(c.Tier)
	switch special := r.special[tier]; {
	case special != nil:
		l = special
	case tier == batch && p.halfBatch:
		divisor *= 2
	}
	var sum wide
	prices, amounts := l.at(c.prompt()), c.amounts()
	for k, n := range amounts {
		sum.addProduct(n, uint64(prices[k]))
	}
	of := func(t usage.TokenType) int64 {
		var part wide
		part.addProduct(amounts[t], uint64(prices[t]))
		return part.divided(divisor)
	}
	return usage.Price{
		Total: usage.AddSaturating(sum.divided(divisor), r.call), Input: of(usage.Input), Output: of(usage.Output),
	}
}

// Rate is the price of a type of token in nano-USD per million, of short calls
// at the normal service tier: for counts of tokens that belong to no call.
func (p *Price) Rate(t usage.TokenType, at int64) int64 {
	if int(t) >= usage.TokenTypes {
		return 0
	}
	return p.at(at).normal.base[t]
}

// equal says whether two prices charge the same.
func (p *Price) equal(o *Price) bool {
	return p.halfBatch == o.halfBatch && p.untold == o.untold && slices.EqualFunc(p.periods, o.periods, period.equal)
}
