package emit

import "github.com/otelusage/usageprocessor/internal/usage"

// Attributes beside the identity.
const (
	attrOutcome   = "usage.outcome"
	attrTokenType = "usage.token.type"
)

// sum is a monotonic counter of a kind of series: one data point for each part
// that is not zero. Without parts it is one number.
type sum struct {
	kind        usage.Kind
	name        string
	unit        string
	description string
	attribute   string // that tells the parts apart
	parts       []string
	value       func(m *usage.Measures, part int) int64
}

// histogram is a distribution of times of a kind of series.
type histogram struct {
	kind        usage.Kind
	name        string
	description string
	value       func(r *usage.Row) (d *usage.Distribution, sumNanos int64)
}

func sums() []sum {
	requests := func(m *usage.Measures, part int) int64 { return m.Requests[part] }
	tokens := func(m *usage.Measures, part int) int64 { return m.Tokens[part] }
	requestBytes := func(m *usage.Measures, _ int) int64 { return m.RequestBytes }
	responseBytes := func(m *usage.Measures, _ int) int64 { return m.ResponseBytes }
	return []sum{
		{usage.Endpoint, "usage.endpoint.requests", "{request}", "Requests served, by outcome.", attrOutcome, outcomes(), requests},
		{usage.Endpoint, "usage.endpoint.request.size", "By", "Bytes of request bodies received.", "", nil, requestBytes},
		{usage.Endpoint, "usage.endpoint.response.size", "By", "Bytes of response bodies sent.", "", nil, responseBytes},
		{usage.Provider, "usage.provider.requests", "{request}", "Requests made, by outcome.", attrOutcome, outcomes(), requests},
		{usage.Provider, "usage.provider.request.size", "By", "Bytes of request bodies sent.", "", nil, requestBytes},
		{usage.Provider, "usage.provider.response.size", "By", "Bytes of response bodies received.", "", nil, responseBytes},
		{usage.Provider, "usage.provider.tokens", "{token}", "Tokens consumed, by disjoint type.", attrTokenType, tokenTypes(), tokens},
	}
}

func histograms() []histogram {
	durations := func(r *usage.Row) (*usage.Distribution, int64) { return &r.Durations, r.Duration }
	firstTokens := func(r *usage.Row) (*usage.Distribution, int64) { return &r.FirstTokens, r.TimeToFirstToken }
	return []histogram{
		{usage.Endpoint, "usage.endpoint.duration", "Duration of requests served.", durations},
		{usage.Provider, "usage.provider.duration", "Duration of requests made.", durations},
		{usage.Provider, "usage.provider.time_to_first_token", "Time until a streaming model's first token.", firstTokens},
	}
}

func outcomes() []string {
	names := make([]string, usage.Outcomes)
	for i := range names {
		names[i] = usage.Outcome(i).String()
	}
	return names
}

func tokenTypes() []string {
	names := make([]string, usage.TokenTypes)
	for i := range names {
		names[i] = usage.TokenType(i).String()
	}
	return names
}
