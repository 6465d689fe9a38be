package extract

import (
	"math"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// unitOf is the unit of a metric's numbers: what the rule says, else what the
// metric itself does.
func unitOf(rule *dialect.Metric, unit string) dialect.Unit {
	if rule.Unit != dialect.DefaultUnit {
		return rule.Unit
	}
	switch unit {
	case "ms", "milliseconds":
		return dialect.Milliseconds
	case "us", "microseconds":
		return dialect.Microseconds
	case "ns", "nanoseconds":
		return dialect.Nanoseconds
	case "KiBy":
		return dialect.Kibibytes
	default:
		return dialect.DefaultUnit
	}
}

// amount is what a point adds, or has added up; ok is false if it is of a kind, or
// has a value, that its metric cannot have.
func (r *Reading) amount(rule *dialect.Metric, unit dialect.Unit) (a usage.Amount, ok bool) {
	p := &r.data
	a.Field = -1
	switch rule.Measure {
	case dialect.Durations:
		a.Calls, a.Field = true, usage.FieldDuration
		ok = r.timed(&a, unit)
	case dialect.Times:
		a.Field = usage.FieldDuration
		ok = r.timed(&a, unit)
	case dialect.FirstTokenTimes:
		a.Field = usage.FieldTimeToFirstToken
		ok = r.timed(&a, unit)
	case dialect.Requests:
		a.Calls = true
		if a.Count, ok = r.count(1); p.observed {
			a.Count, ok = int64(min(p.count, math.MaxInt64)), true
		}
	case dialect.Tokens:
		a.Field, a.Part = r.tokenField(rule)
		a.Sum, ok = r.count(1)
	case dialect.Costs:
		a.Field = usage.FieldCostReported
		a.Sum, ok = billionths(p.sum, unit, p.valued)
	case dialect.RequestSizes:
		a.Field = usage.FieldRequestBytes
		a.Sum, ok = r.count(bytesPer(unit))
	case dialect.ResponseSizes:
		a.Field = usage.FieldResponseBytes
		a.Sum, ok = r.count(bytesPer(unit))
	case dialect.NoMeasure:
	}
	return a, ok
}

// isTime says whether a measure comes in histograms of times; a point of another
// kind is none of them.
func isTime(m dialect.Measure) bool {
	return m == dialect.Durations || m == dialect.Times || m == dialect.FirstTokenTimes
}

// timed fills in a histogram of times. Calls whose times are nonsense, or not said,
// are calls.
func (r *Reading) timed(a *usage.Amount, unit dialect.Unit) (ok bool) {
	p := &r.data
	if !p.observed || p.count == 0 {
		return p.observed // nothing took no time, whatever the sum is
	}
	a.Count = int64(min(p.count, math.MaxInt64))
	if a.Sum, ok = billionths(p.sum, unit, p.valued); !ok {
		a.Untimed = true
		if p.valued {
			r.values.spoil("sum")
		}
		return true
	}
	p.level()
	a.Spread = r.spread(perUnit(unit))
	return true
}

// count is the sum of the point, which counts things of a size. A fraction of one
// is rounded.
func (r *Reading) count(size int64) (n int64, ok bool) {
	p := &r.data
	if p.integral && p.whole >= 0 && p.whole <= math.MaxInt64/size {
		return p.whole * size, true
	}
	return billionths(math.Round(p.sum*float64(size)), dialect.Nanoseconds, p.valued && p.sum >= 0)
}

func bytesPer(unit dialect.Unit) int64 {
	if unit == dialect.Kibibytes {
		return 1024
	}
	return 1
}

// tokenField is the measure that a point's tokens go to, and whether they stand
// in another one's as well.
func (r *Reading) tokenField(rule *dialect.Metric) (f usage.Field, part bool) {
	rules := rule.Tokens
	if s := r.scopeRules; s != nil {
		rules.Cache, rules.Reasoning = either(s.Tokens.Cache, rules.Cache), either(s.Tokens.Reasoning, rules.Reasoning)
	}
	kind, part := usage.Input, false
	switch rule.TokenKind(r.values.text(dialect.TokenType)) {
	case dialect.OutputKind:
		kind = usage.Output
	case dialect.CacheReadKind:
		kind, part = usage.CacheRead, rules.Cache == dialect.Inside
	case dialect.CacheWriteKind:
		kind, part = usage.CacheWrite, rules.Cache == dialect.Inside
	case dialect.ReasoningKind:
		kind, part = usage.Reasoning, rules.Reasoning == dialect.Inside
	case dialect.InputKind, dialect.NoTokens:
	}
	return usage.FieldTokens + usage.Field(kind), part
}

// price notes what the tokens of a point cost, or that nobody knows what its calls
// do.
func (r *Reading) price(rule *dialect.Metric, provider string, a *usage.Amount) {
	unpriced := rule.Unpriced || r.scopeRules != nil && r.scopeRules.Unpriced
	if rule.Of != usage.GenAI || unpriced || r.x.prices.Rates == nil || rule.Measure != dialect.Tokens && !a.Calls {
		return
	}
	rates, known := r.x.prices.Rates(r.priceable(provider))
	switch {
	case a.Calls:
		a.Unpriced = !known
	case known:
		a.Rate = rates[a.Field-usage.FieldTokens]
	}
}
