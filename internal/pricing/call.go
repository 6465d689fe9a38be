package pricing

import (
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Call is what the cost of a call depends on.
type Call struct {
	Tokens [usage.TokenTypes]int64
	// CacheWrite1h is how many of the tokens of [usage.CacheWrite] are kept for
	// an hour instead of five minutes, which costs more.
	CacheWrite1h int64
	// Tier is the service tier as the provider calls it.
	Tier string
	// At is when the call was made, Unix ns, for prices that change by date or by
	// time of day. Zero is 1970: the oldest price.
	At int64
}

// kind is what has a price of its own: the types of tokens, by their numbers,
// and those that are kept longer.
type kind int

const (
	cacheWrite1h kind = kind(usage.TokenTypes)
	kinds             = usage.TokenTypes + 1
)

// amounts returns the tokens of every kind. What cannot be, which is less than
// none or more than all, is taken as none or all.
func (c *Call) amounts() (of [kinds]uint64) {
	for i, n := range c.Tokens {
		of[i] = uint64(max(n, 0))
	}
	kept := min(uint64(max(c.CacheWrite1h, 0)), of[usage.CacheWrite])
	of[cacheWrite1h] = kept
	of[usage.CacheWrite] -= kept
	return of
}

// prompt is the number of tokens that tiers by length compare: all that came in,
// from a cache or not.
func (c *Call) prompt() int64 {
	var sum int64
	for _, t := range [...]usage.TokenType{usage.Input, usage.CacheRead, usage.CacheWrite} {
		sum = usage.AddSaturating(sum, max(c.Tokens[t], 0))
	}
	return sum
}

// service is a service tier with prices of its own.
type service int

const (
	normal service = iota
	flex
	priority
	batch
	services = int(batch) + 1
)

// serviceTier reads the name of a service tier. All that are not known cost the
// normal price, as `auto`, `default` and `standard` do.
func serviceTier(name string) service {
	switch {
	case name == "":
		return normal
	case strings.EqualFold(name, "flex"):
		return flex
	case strings.EqualFold(name, "priority"):
		return priority
	case strings.EqualFold(name, "batch"):
		return batch
	default:
		return normal
	}
}
