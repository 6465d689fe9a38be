package query

import (
	"net/url"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Statistics is everything at a glance, in the shape that clients of CLIProxyAPI read.
type Statistics struct {
	Usage          Snapshot `json:"usage"`
	FailedRequests int64    `json:"failed_requests"`
}

// Snapshot has what providers were asked for, as a whole and by what made them be asked,
// and beside it what endpoints have served. Every request is a success or a failure.
type Snapshot struct {
	TotalRequests int64  `json:"total_requests"`
	SuccessCount  int64  `json:"success_count"`
	FailureCount  int64  `json:"failure_count"`
	TotalTokens   int64  `json:"total_tokens"`
	Tokens        Tokens `json:"tokens"`

	APIs map[string]*API `json:"apis"`

	// Days and hours of the day that something was counted in, of the calendar: as
	// far as history goes back.
	RequestsByDay  map[string]int64 `json:"requests_by_day"`
	RequestsByHour map[string]int64 `json:"requests_by_hour"`
	TokensByDay    map[string]int64 `json:"tokens_by_day"`
	TokensByHour   map[string]int64 `json:"tokens_by_hour"`

	Endpoints map[string]map[string]*EndpointUsage `json:"endpoints"`
}

// API is what one key has used.
type API struct {
	TotalRequests int64             `json:"total_requests"`
	TotalTokens   int64             `json:"total_tokens"`
	Models        map[string]*Model `json:"models"`
}

// Model is what a key has used of a model.
type Model struct {
	TotalRequests int64  `json:"total_requests"`
	TotalTokens   int64  `json:"total_tokens"`
	Tokens        Tokens `json:"tokens"`
	// Details are of single requests, which are not kept: there are none, but clients
	// expect a list.
	Details []struct{} `json:"details"`
}

// Tokens are of the input with what was cached, of the output without reasoning: those and the
// reasoning are the total. Cached is what was read from a cache.
type Tokens struct {
	Input     int64 `json:"input_tokens"`
	Output    int64 `json:"output_tokens"`
	Reasoning int64 `json:"reasoning_tokens"`
	Cached    int64 `json:"cached_tokens"`
	Total     int64 `json:"total_tokens"`
}

// EndpointUsage is what an endpoint has served, over all protocols.
type EndpointUsage struct {
	TotalRequests int64 `json:"total_requests"`
	SuccessCount  int64 `json:"success_count"`
	FailureCount  int64 `json:"failure_count"`
	// LastSeen is when a request was counted last; null for a time that is over, and
	// for what has ended.
	LastSeen *time.Time `json:"last_seen"`
}

// UsageOptions say what Usage is about; see Request.
type UsageOptions struct {
	// By is the attribute whose values are the keys of `apis`; empty: the provider.
	By          string
	Match       map[string]string
	From, Until int64
}

// ParseUsage reads options from the parameters of a URL: `by`, and the filters and times of
// [ParseRequest].
func ParseUsage(v url.Values, clock Clock, callers ...string) (UsageOptions, error) {
	p := parameters{v}
	err := p.known(append(callers, "by", "from", "to", "period", "provider", "model", "endpoint", "service", "match"))
	if err != nil {
		return UsageOptions{}, err
	}
	by, err := p.groupBy()
	if err != nil {
		return UsageOptions{}, err
	}
	if len(by) > 1 {
		return UsageOptions{}, inputError("by", "is %q; it is one attribute", p.get("by"))
	}
	o := UsageOptions{By: usage.AttrProvider}
	if len(by) > 0 {
		o.By = by[0]
	}
	if o.Match, err = p.match(); err != nil {
		return UsageOptions{}, err
	}
	if o.From, o.Until, err = p.time(clock); err != nil {
		return UsageOptions{}, err
	}
	return o, o.request(usage.Provider).validate()
}
