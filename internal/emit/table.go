package emit

import "github.com/otelusage/usageprocessor/internal/usage"

// Attributes beside the identity.
const (
	attrOutcome   = "usage.outcome"
	attrTokenType = "usage.token.type"
	attrSource    = "usage.cost.source"
	attrReason    = "usage.session.close_reason"
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
	field       usage.Field // of the first part
	// nanos says that the field is in billionths of the unit, which are exported
	// as a fraction.
	nanos bool
}

// histogram is a distribution of times of a kind of series.
type histogram struct {
	kind        usage.Kind
	name        string
	description string
	field       usage.Field // of the sum
	value       func(r *usage.Row) *usage.Distribution
}

func sums() []sum {
	return []sum{
		{usage.Endpoint, "usage.endpoint.requests", "{request}", "Requests served, by outcome.", attrOutcome, outcomes(), usage.FieldRequests, false},
		{usage.Endpoint, "usage.endpoint.request.size", "By", "Bytes of request bodies received.", "", nil, usage.FieldRequestBytes, false},
		{usage.Endpoint, "usage.endpoint.response.size", "By", "Bytes of response bodies sent.", "", nil, usage.FieldResponseBytes, false},
		{usage.Provider, "usage.provider.requests", "{request}", "Requests made, by outcome.", attrOutcome, outcomes(), usage.FieldRequests, false},
		{usage.Provider, "usage.provider.request.size", "By", "Bytes of request bodies sent.", "", nil, usage.FieldRequestBytes, false},
		{usage.Provider, "usage.provider.response.size", "By", "Bytes of response bodies received.", "", nil, usage.FieldResponseBytes, false},
		{usage.Provider, "usage.provider.tokens", "{token}", "Tokens consumed, by disjoint type.", attrTokenType, tokenTypes(), usage.FieldTokens, false},
		{usage.Provider, "usage.provider.cost", "{USD}", "Cost of requests, as reported by whoever made them or by the price table.", attrSource, []string{"reported", "priced"}, usage.FieldCostReported, true},
		{usage.Provider, "usage.provider.requests.unpriced", "{request}", "Requests with tokens that no price is known for.", "", nil, usage.FieldUnpriced, false},
		{usage.Sessions, "usage.sessions.opened", "{session}", "Sessions that have begun.", "", nil, usage.FieldOpened, false},
		{usage.Sessions, "usage.sessions.closed", "{session}", "Sessions that have ended, by reason.", attrReason, closeReasons(), usage.FieldClosed, false},
	}
}

func histograms() []histogram {
	durations := func(r *usage.Row) *usage.Distribution { return &r.Durations }
	firstTokens := func(r *usage.Row) *usage.Distribution { return &r.FirstTokens }
	return []histogram{
		{usage.Endpoint, "usage.endpoint.duration", "Duration of requests served.", usage.FieldDuration, durations},
		{usage.Provider, "usage.provider.duration", "Duration of requests made.", usage.FieldDuration, durations},
		{usage.Provider, "usage.provider.time_to_first_token", "Time until a streaming model's first token.", usage.FieldTimeToFirstToken, firstTokens},
		{usage.Sessions, "usage.session.duration", "Time between the first and the last activity of sessions that have ended.", usage.FieldDuration, durations},
	}
}

func outcomes() []string {
	names := make([]string, usage.Outcomes)
	for i := range names {
		names[i] = usage.Outcome(i).String()
	}
	return names
}

func closeReasons() []string {
	names := make([]string, usage.CloseReasons)
	for i := range names {
		names[i] = usage.CloseReason(i).String()
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
