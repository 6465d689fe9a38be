package usagepage

import (
	"cmp"
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"
)

// EndpointID is one row of the endpoint table.
type EndpointID struct {
	Service  string
	Protocol string
	Endpoint string
	Overflow bool
}

// Endpoint is what a service serves.
type Endpoint struct {
	EndpointID
	Requests map[Outcome]float64
	Duration Duration
	Bytes    Bytes
}

// endpoints adds up series that differ only in extra dimensions.
type endpoints map[EndpointID]*Endpoint

func newEndpoints() endpoints { return make(endpoints) }

func (e endpoints) add(measure string, l labels, metric *dto.Metric) {
	row := e.row(EndpointID{
		Service:  l["usage_service"],
		Protocol: l["usage_protocol"],
		Endpoint: l["usage_endpoint"],
		Overflow: l.overflowed(),
	})
	switch measure {
	case "requests":
		row.Requests[Outcome(l["usage_outcome"])] += number(metric)
	case "duration":
		row.Duration.add(metric)
	default:
		row.Bytes.add(measure, metric)
	}
}

func (e endpoints) row(id EndpointID) *Endpoint {
	if e[id] == nil {
		e[id] = &Endpoint{EndpointID: id, Requests: make(map[Outcome]float64)}
	}
	return e[id]
}

func (e endpoints) sorted() []Endpoint {
	ids := slices.SortedFunc(maps.Keys(e), func(a, b EndpointID) int {
		return cmp.Or(
			cmp.Compare(a.Service, b.Service),
			cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.Endpoint, b.Endpoint),
		)
	})
	rows := make([]Endpoint, 0, len(ids))
	for _, id := range ids {
		rows = append(rows, *e[id])
	}
	return rows
}
