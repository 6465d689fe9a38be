package page

import (
	"fmt"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// cards are the numbers of a side that are seen first.
func (v *view) cards(s *side) []card {
	total := v.total(s)
	measures := query.Measures(s.kind)
	cards := []card{
		{"requests", "Requests", short(total.TotalRequests()), short(total.Requests[usage.Success]).Text + " successful"},
		{"error-rate", "Error rate", rate(named(measures, "error_rate")(total)), short(failed(&total.Measures)).Text + " failed"},
		{"throttle-rate", "Throttle rate", rate(named(measures, "throttle_rate")(total)), short(total.Requests[usage.Throttled]).Text + " throttled"},
	}
	if s.kind == usage.Provider {
		cards = append(cards, v.tokenCard(total), v.costCard(total))
	} else {
		cards = append(
			cards,
			card{"duration", "Average duration", seconds(named(measures, "average_duration")(total)), "of all requests"},
			card{"bytes", "Bytes out", bytes(total.ResponseBytes), bytes(total.RequestBytes).Text + " in"},
		)
	}
	return append(cards, v.sessionCard())
}

func (v *view) tokenCard(total *query.Row) card {
	in := total.Tokens[usage.Input] + total.Tokens[usage.CacheRead] + total.Tokens[usage.CacheWrite]
	out := total.Tokens[usage.Output] + total.Tokens[usage.Reasoning]
	return card{"tokens", "Tokens", short(total.TotalTokens()), fmt.Sprintf("%s in, %s out", short(in).Text, short(out).Text)}
}

func (v *view) costCard(total *query.Row) card {
	c := card{"cost", "Cost", costOf(total), "all calls are priced"}
	switch {
	case total.Unpriced > 0:
		c.Note = short(total.Unpriced).Text + " calls unpriced"
	case total.TotalCost() == 0:
		c.Note = "nothing to pay"
	case total.CostPriced == 0:
		c.Note = "all of it reported"
	case total.CostReported > 0:
		c.Note = money(total.CostReported).Text + " of it reported"
	}
	return c
}

func (v *view) sessionCard() card {
	opened := short(v.sessions.Total.Opened).Text
	return card{"sessions", "Active sessions", short(int64(v.Status.Sessions)), opened + " opened"}
}

// sessionFacts are of the period, apart from the active ones.
func (v *view) sessionFacts() []fact {
	m := &v.sessions.Total.Measures
	facts := []fact{{"Active now", count(int64(v.Status.Sessions))}, {"Opened", count(m.Opened)}}
	for i, n := range m.Closed {
		if n > 0 {
			facts = append(facts, fact{"Closed: " + usage.CloseReason(i).String(), count(n)})
		}
	}
	average := named(query.Measures(usage.Sessions), "average_duration")
	return append(facts, fact{"Average duration", seconds(average(&v.sessions.Total))})
}
