package extract

import "github.com/otelusage/usageprocessor/internal/usage"

// reported is what an inference call says about its tokens.
type reported struct {
	input, output, total  int64
	cacheRead, cacheWrite int64
	reasoning             int64
	hasInput, hasOutput   bool
	hasTotal              bool
	// older says that the cache counts came under names that predate the
	// conventions, whose writers disagree on whether input contains them.
	older bool
	// beside says that the writer is one whose input does not.
	beside bool
}

// tokens returns the call's tokens as five disjoint types.
func (r *Reading) tokens(provider string) [usage.TokenTypes]int64 {
	v := &r.values
	var t reported
	t.input, t.hasInput = v.amount(inputTokens)
	t.output, t.hasOutput = v.amount(outputTokens)
	t.total, t.hasTotal = v.amount(totalTokens)
	t.reasoning, _ = v.amount(reasoningTokens)
	var olderRead, olderWrite bool
	t.cacheRead, olderRead = r.either(cacheReadTokens, cacheReadOlder)
	t.cacheWrite, olderWrite = r.either(cacheWriteTokens, cacheWriteOlder)
	t.older = olderRead || olderWrite
	t.beside = provider == "anthropic" || provider == bedrock
	split, consistent := t.split()
	if !consistent {
		r.Inconsistent++
	}
	return split
}

// either reads the conventional attribute, else the older one beside it.
func (r *Reading) either(conventional, older attribute) (n int64, wasOlder bool) {
	if r.values.has(conventional) {
		n, _ = r.values.amount(conventional)
		return n, false
	}
	n, ok := r.values.amount(older)
	return n, ok
}

// split makes the counts disjoint. Whether input contains the cached tokens
// and output the reasoning is settled by the total where there is one that
// fits, else by the names: the semantic conventions have both inside; under
// older names cached tokens are beside the input of Anthropic and Bedrock, and
// where they are more than the input. Parts that contradict their whole are
// kept and the remainder is zero, not negative.
func (t reported) split() (out [usage.TokenTypes]int64, consistent bool) {
	t.complete()
	cached := usage.AddSaturating(t.cacheRead, t.cacheWrite)
	cacheInside, reasoningInside := t.inside(cached)
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
	return out, !tooMuchCached && !tooMuchReasoning
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

// inside says which parts the wholes contain.
func (t reported) inside(cached int64) (cache, reasoning bool) {
	base := usage.AddSaturating(t.input, t.output)
	if t.hasTotal && t.hasInput && t.hasOutput {
		switch t.total {
		case base:
			return true, true
		case usage.AddSaturating(base, cached):
			return false, true
		case usage.AddSaturating(base, t.reasoning):
			return true, false
		case usage.AddSaturating(usage.AddSaturating(base, cached), t.reasoning):
			return false, false
		}
	}
	return !t.older || !t.beside && cached <= t.input, true
}
