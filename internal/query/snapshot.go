package query

import (
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Usage tells everything at a glance. What does not have an attribute that is filtered by is
// left out: with one of a provider there are no endpoints, and the other way round.
func Usage(src Source, o UsageOptions) (Statistics, error) {
	s := Snapshot{
		APIs: map[string]*API{}, Endpoints: map[string]map[string]*EndpointUsage{},
		RequestsByDay: map[string]int64{}, RequestsByHour: map[string]int64{},
		TokensByDay: map[string]int64{}, TokensByHour: map[string]int64{},
	}
	for _, add := range []func(Source, UsageOptions) error{s.addProviders, s.addEndpoints, s.addDays, s.addHours} {
		if err := add(src, o); err != nil {
			return Statistics{}, err
		}
	}
	return Statistics{Usage: s, FailedRequests: s.FailureCount}, nil
}

func (o *UsageOptions) request(kind usage.Kind, by ...string) *Request {
	return &Request{Kind: kind, Match: o.Match, From: o.From, Until: o.Until, GroupBy: by, OrderBy: byName}
}

func (s *Snapshot) addProviders(src Source, o UsageOptions) error {
	key := orElse(o.By, usage.AttrProvider)
	by := []string{key}
	if key != usage.AttrModel {
		by = append(by, usage.AttrModel)
	}
	a, err := Series(src, *o.request(usage.Provider, by...))
	if err != nil {
		return err
	}
	s.TotalRequests, s.SuccessCount, s.FailureCount = outcomesOf(&a.Total)
	s.Tokens.add(&a.Total.Measures)
	s.TotalTokens = s.Tokens.Total
	for i := range a.Rows {
		row := &a.Rows[i]
		s.api(orElse(row.Attribute(key), usage.Unknown)).add(row)
	}
	return nil
}

func (s *Snapshot) api(key string) *API {
	api := s.APIs[key]
	if api == nil {
		api = &API{Models: map[string]*Model{}}
		s.APIs[key] = api
	}
	return api
}

func (a *API) add(row *Row) {
	name := orElse(row.Attribute(usage.AttrModel), usage.Unknown)
	model := a.Models[name]
	if model == nil {
		model = &Model{Details: []struct{}{}}
		a.Models[name] = model
	}
	requests, tokens := row.TotalRequests(), totalTokens(&row.Measures)
	increase(&a.TotalRequests, requests)
	increase(&a.TotalTokens, tokens)
	increase(&model.TotalRequests, requests)
	increase(&model.TotalTokens, tokens)
	model.Tokens.add(&row.Measures)
}

func (t *Tokens) add(m *usage.Measures) {
	increase(&t.Input, inputTokens(m))
	increase(&t.Output, m.Tokens[usage.Output])
	increase(&t.Reasoning, m.Tokens[usage.Reasoning])
	increase(&t.Cached, m.Tokens[usage.CacheRead])
	increase(&t.Total, totalTokens(m))
}

// outcomesOf are all requests of a row, those that succeeded and the others.
func outcomesOf(r *Row) (total, success, failure int64) {
	total, success = r.TotalRequests(), r.Requests[usage.Success]
	return total, success, total - success
}

func increase(n *int64, by int64) { *n = usage.AddSaturating(*n, by) }

func (s *Snapshot) addEndpoints(src Source, o UsageOptions) error {
	a, err := Series(src, *o.request(usage.Endpoint, usage.AttrService, usage.AttrEndpoint))
	if err != nil {
		return err
	}
	for i := range a.Rows {
		row := &a.Rows[i]
		s.endpoint(row.Attribute(usage.AttrService), row.Attribute(usage.AttrEndpoint)).add(row)
	}
	return nil
}

func (s *Snapshot) endpoint(service, name string) *EndpointUsage {
	service, name = orElse(service, usage.Unknown), orElse(name, usage.Unknown)
	if s.Endpoints[service] == nil {
		s.Endpoints[service] = map[string]*EndpointUsage{}
	}
	e := s.Endpoints[service][name]
	if e == nil {
		e = &EndpointUsage{}
		s.Endpoints[service][name] = e
	}
	return e
}

func (e *EndpointUsage) add(row *Row) {
	total, success, failure := outcomesOf(row)
	increase(&e.TotalRequests, total)
	increase(&e.SuccessCount, success)
	increase(&e.FailureCount, failure)
	if row.LastSeen == 0 {
		return
	}
	seen := time.Unix(0, row.LastSeen).UTC()
	if e.LastSeen == nil || seen.After(*e.LastSeen) {
		e.LastSeen = &seen
	}
}

func (s *Snapshot) addDays(src Source, o UsageOptions) error {
	from, until := wholeHours(src.Calendar(), o.From, o.Until)
	return visitTime(src, from, until, o.distribute(src, time.DateOnly, s.RequestsByDay, s.TokensByDay))
}

func (s *Snapshot) addHours(src Source, o UsageOptions) error {
	from, until := wholeHours(src.Calendar(), o.From, o.Until)
	if until == 0 {
		_, until = src.Calendar().Day(seconds(src.Moment()))
	}
	return stretch{usage.Hourly, from, until}.visit(src, o.distribute(src, "15", s.RequestsByHour, s.TokensByHour))
}

// distribute adds up what providers were asked for by when that was, as a clock, or a
// calendar, shows it.
func (o *UsageOptions) distribute(src Source, layout string, requests, tokens map[string]int64) visitor {
	g, zone := newGroups(o.request(usage.Provider)), src.Calendar().Zone()
	return func(p usage.Period, row *usage.HistoryRow) error {
		if g.find(g.columnsOf(row.Schema), row.Values) {
			key := time.Unix(p.Start, 0).In(zone).Format(layout)
			requests[key] = usage.AddSaturating(requests[key], row.TotalRequests())
			tokens[key] = usage.AddSaturating(tokens[key], totalTokens(&row.Measures))
		}
		return nil
	}
}
