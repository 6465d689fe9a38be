package query

import (
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Measure is one of the values that answers have of every row. What can be ordered by,
// and what JSON, CSV and tables contain, follows from [Measures].
type Measure struct {
	// Name is what queries and answers call it.
	Name string
	// Unit is in UCUM; rates have the unit 1.
	Unit string
	// Of is the measure of a row; it is not known where the row does not say it, or
	// where there is nothing to divide by.
	Of func(*Row) Number
}

// Measures are those of a kind, the most telling first.
func Measures(kind usage.Kind) []Measure {
	switch kind {
	case usage.Endpoint:
		return append(requests(), sizes()...)
	case usage.Provider:
		list := append(requests(), tokens()...)
		return append(append(list, costs()...), sizes()...)
	case usage.Own:
		return []Measure{
			{"value", "1", func(r *Row) Number {
				return Number{
					Whole: usage.AddSaturating(r.Value, r.ValueParts/billion), Parts: r.ValueParts % billion, Known: true,
				}
			}},
			{"count", "{record}", func(r *Row) Number { return whole(r.Hits) }},
		}
	case usage.Sessions:
		return sessions()
	default:
		return nil
	}
}

// MeasureNamed returns one of the measures of a kind.
func MeasureNamed(kind usage.Kind, name string) (Measure, bool) {
	for _, m := range Measures(kind) {
		if m.Name == name {
			return m, true
		}
	}
	return Measure{}, false
}

func requests() []Measure {
	list := []Measure{{"requests", "{request}", func(r *Row) Number { return whole(r.TotalRequests()) }}}
	for i := range usage.Outcomes {
		name := "requests_" + usage.Outcome(i).String()
		list = append(list, Measure{name, "{request}", func(r *Row) Number { return whole(r.Requests[i]) }})
	}
	return append(
		list,
		Measure{"success_rate", "1", func(r *Row) Number { return share(r, usage.Success) }},
		Measure{"error_rate", "1", func(r *Row) Number { return share(r, usage.ClientError, usage.Error) }},
		Measure{"throttle_rate", "1", func(r *Row) Number { return share(r, usage.Throttled) }},
		Measure{"average_duration", "s", func(r *Row) Number { return quotient(r.Duration, 1, r.TotalRequests()) }},
	)
}

// share is how many of all requests ended in one of these ways. Those that were
// cancelled have no outcome that says anything about who served them.
func share(r *Row, ways ...usage.Outcome) Number {
	part, all := int64(0), int64(0)
	for i, n := range r.Requests {
		if usage.Outcome(i) != usage.Cancelled {
			all = usage.AddSaturating(all, n)
		}
	}
	for _, way := range ways {
		part = usage.AddSaturating(part, r.Requests[way])
	}
	return quotient(part, billion, all)
}

func tokens() []Measure {
	list := []Measure{{"tokens", "{token}", func(r *Row) Number { return whole(totalTokens(&r.Measures)) }}}
	for i := range usage.TokenTypes {
		name := "tokens_" + usage.TokenType(i).String()
		list = append(list, Measure{name, "{token}", func(r *Row) Number { return whole(r.Tokens[i]) }})
	}
	return append(
		list,
		Measure{"cache_hit_rate", "1", func(r *Row) Number {
			return quotient(r.Tokens[usage.CacheRead], billion, inputTokens(&r.Measures))
		}},
		Measure{"tokens_per_second", "{token}/s", tokensPerSecond},
		Measure{"average_time_to_first_token", "s", func(r *Row) Number {
			return quotient(r.FirstTokens.Sum, 1, r.FirstTokens.Calls)
		}},
	)
}

// inputTokens are those of prompts, of any type.
func inputTokens(m *usage.Measures) int64 {
	cached := usage.AddSaturating(m.Tokens[usage.CacheRead], m.Tokens[usage.CacheWrite])
	return usage.AddSaturating(m.Tokens[usage.Input], cached)
}

// generatedTokens are those of answers, of any type.
func generatedTokens(m *usage.Measures) int64 {
	return usage.AddSaturating(m.Tokens[usage.Output], m.Tokens[usage.Reasoning])
}

func totalTokens(m *usage.Measures) int64 {
	return usage.AddSaturating(inputTokens(m), generatedTokens(m))
}

// shortestCall is how long calls have to take, on average, for a speed to mean anything.
const shortestCall = int64(100 * time.Millisecond)

// tokensPerSecond is how fast answers are generated.
func tokensPerSecond(r *Row) Number {
	calls := r.TotalRequests()
	if calls == 0 || r.Duration/calls < shortestCall {
		return Number{}
	}
	return quotient(generatedTokens(&r.Measures), billion*billion, r.Duration)
}

func costs() []Measure {
	const million = 1_000_000
	return []Measure{
		{"cost", "{USD}", func(r *Row) Number { return billionths(cost(&r.Measures)) }},
		{"cost_reported", "{USD}", func(r *Row) Number { return billionths(r.CostReported) }},
		{"cost_priced", "{USD}", func(r *Row) Number { return billionths(r.CostPriced) }},
		{"cost_per_request", "{USD}", func(r *Row) Number { return quotient(cost(&r.Measures), 1, r.TotalRequests()) }},
		{"cost_per_million_tokens", "{USD}", func(r *Row) Number {
			return quotient(cost(&r.Measures), million, totalTokens(&r.Measures))
		}},
		{"requests_unpriced", "{request}", func(r *Row) Number { return whole(r.Unpriced) }},
	}
}

// cost is in nano-USD.
func cost(m *usage.Measures) int64 { return usage.AddSaturating(m.CostReported, m.CostPriced) }

func sizes() []Measure {
	return []Measure{
		{"request_bytes", "By", func(r *Row) Number { return whole(r.RequestBytes) }},
		{"response_bytes", "By", func(r *Row) Number { return whole(r.ResponseBytes) }},
	}
}

func sessions() []Measure {
	list := []Measure{
		{"opened", "{session}", func(r *Row) Number { return whole(r.Opened) }},
		{"active", "{session}", active},
		{"closed", "{session}", func(r *Row) Number { return whole(closed(r)) }},
	}
	for i := range usage.CloseReasons {
		name := "closed_" + usage.CloseReason(i).String()
		list = append(list, Measure{name, "{session}", func(r *Row) Number { return whole(r.Closed[i]) }})
	}
	return append(list, Measure{"average_duration", "s", func(r *Row) Number { return quotient(r.Duration, 1, closed(r)) }})
}

// active are sessions that are open now: a time of history does not say how many were
// when it began.
func active(r *Row) Number {
	if r.History {
		return Number{}
	}
	return whole(r.Active())
}

func closed(r *Row) int64 {
	n := int64(0)
	for _, c := range r.Closed {
		n = usage.AddSaturating(n, c)
	}
	return n
}
