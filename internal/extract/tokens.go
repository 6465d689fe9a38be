package extract

import (
	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// reported is what an inference call says about its tokens.
type reported struct {
	input, output, total  int64
	cacheRead, cacheWrite int64
	reasoning             int64
	hasInput, hasOutput   bool
	hasTotal              bool
	// contains is what the dialect says of input and output.
	contains dialect.TokenRules
	// beside says that of those whose word varies this is one with cached tokens
	// beside its input.
	beside bool
}

// tokens returns the call's tokens as five disjoint types.
func (r *Reading) tokens(provider string, rules dialect.TokenRules) [usage.TokenTypes]int64 {
	v := &r.values
	var t reported
	t.input, t.hasInput = v.amount(dialect.InputTokens)
	t.output, t.hasOutput = v.amount(dialect.OutputTokens)
	t.total, t.hasTotal = v.amount(dialect.TotalTokens)
	t.reasoning, _ = v.amount(dialect.ReasoningTokens)
	t.cacheRead, _ = v.amount(dialect.CacheReadTokens)
	t.cacheWrite, _ = v.amount(dialect.CacheWriteTokens)
	oneHour, _ := v.amount(dialect.CacheWrite1hTokens)
	t.cacheWrite = max(t.cacheWrite, oneHour)
	if extra, ok := v.amount(dialect.ToolTokens); ok {
		t.input, t.hasInput = usage.AddSaturating(t.input, extra), true
	}
	t.contains = r.contains(rules)
	t.beside = provider == "anthropic" || provider == bedrock
	split, verdict := t.split()
	switch verdict {
	case inconsistent:
		r.Inconsistent++
	case assumed:
		r.Assumed++
	case certain:
	}
	return split
}

// contains is what numbers of tokens contain, by the first that says: the rule
// for the record, the names of the numbers, the scope.
func (r *Reading) contains(rules dialect.TokenRules) dialect.TokenRules {
	v := &r.values
	for _, f := range [...]dialect.Field{dialect.InputTokens, dialect.CacheReadTokens, dialect.CacheWriteTokens} {
		if rules.Cache == dialect.Undecided && v.has(f) {
			rules.Cache = v.entry(f).Cache
		}
	}
	for _, f := range [...]dialect.Field{dialect.OutputTokens, dialect.ReasoningTokens} {
		if rules.Reasoning == dialect.Undecided && v.has(f) {
			rules.Reasoning = v.entry(f).Reasoning
		}
	}
	if s := r.scopeRules; s != nil {
		rules.Cache = either(s.Tokens.Cache, rules.Cache)
		rules.Reasoning = either(s.Tokens.Reasoning, rules.Reasoning)
	}
	return rules
}

// either is what the scope says if it says anything: who writes knows best.
func either(scope, other dialect.Inclusion) dialect.Inclusion {
	if scope != dialect.Undecided {
		return scope
	}
	return other
}

// certainty is how sure it is what contains what.
type certainty uint8

const (
	certain certainty = iota
	// assumed: only the writer could tell.
	assumed
	// inconsistent: parts are more than their whole.
	inconsistent
)

// split makes the counts disjoint. Parts that contradict their whole are kept and
// the remainder is zero, not negative.
func (t reported) split() (out [usage.TokenTypes]int64, c certainty) {
	t.complete()
	cached := usage.AddSaturating(t.cacheRead, t.cacheWrite)
	cacheInside, reasoningInside, c := t.inside(cached)
	out = [usage.TokenTypes]int64{
		usage.Input: t.input, usage.CacheRead: t.cacheRead, usage.CacheWrite: t.cacheWrite,
		usage.Output: t.output, usage.Reasoning: t.reasoning,
	}
	if cacheInside {
		out[usage.Input] = max(0, t.input-cached)
	}
	if reasoningInside {
		out[usage.Output] = max(0, t.output-t.reasoning)
	}
	// A whole that is missing contradicts nothing.
	tooMuchCached := cacheInside && t.hasInput && cached > t.input
	tooMuchReasoning := reasoningInside && t.hasOutput && t.reasoning > t.output
	if tooMuchCached || tooMuchReasoning {
		return out, inconsistent
	}
	return out, c
}

// complete derives input or output from the total where only one is given.
func (t *reported) complete() {
	if !t.hasTotal {
		return
	}
	switch {
	case !t.hasInput && !t.hasOutput:
		t.input = t.total
	case !t.hasInput:
		t.input = max(0, t.total-t.output)
	case !t.hasOutput:
		t.output = max(0, t.total-t.input)
	}
}

// inside says which parts the wholes contain: what the dialect says for certain;
// what the total settles; else the semantic conventions, which have both inside.
// Under names from before the conventions cached tokens are beside the input of
// Anthropic and Bedrock, and where they are more than the input.
func (t *reported) inside(cached int64) (cache, reasoning bool, c certainty) {
	cache, reasoning, settled := t.byTotal(cached)
	if !settled {
		cache = t.contains.Cache != dialect.Varies || !t.beside && cached <= t.input
		if t.contains.Cache == dialect.Varies && cached > 0 && cached <= t.input {
			c = assumed
		}
		reasoning = true
	}
	switch t.contains.Cache {
	case dialect.Inside:
		cache = true
	case dialect.Beside:
		cache = false
	case dialect.Varies:
		// More than the whole cannot be inside it, whatever the total says.
		cache = cache && (!t.hasInput || cached <= t.input)
	case dialect.Undecided:
	}
	switch t.contains.Reasoning {
	case dialect.Inside:
		reasoning = true
	case dialect.Beside:
		reasoning = false
	case dialect.Undecided, dialect.Varies:
	}
	return cache, reasoning, c
}

// byTotal says what a total settles, if there is one that fits.
func (t *reported) byTotal(cached int64) (cache, reasoning, settled bool) {
	if !t.hasTotal || !t.hasInput || !t.hasOutput {
		return true, true, false
	}
	base := usage.AddSaturating(t.input, t.output)
	switch t.total {
	case base:
		return true, true, true
	case usage.AddSaturating(base, cached):
		return false, true, true
	case usage.AddSaturating(base, t.reasoning):
		return true, false, true
	case usage.AddSaturating(usage.AddSaturating(base, cached), t.reasoning):
		return false, false, true
	default:
		return true, true, false
	}
}
