package usagepage

import (
	"cmp"
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"
)

// ProviderID is one row of the provider table.
type ProviderID struct {
	Service   string
	Provider  string
	Kind      string
	Model     string
	Operation string
	Overflow  bool
}

// Provider is what a service consumes.
type Provider struct {
	ProviderID
	Requests         map[Outcome]float64
	Duration         Duration
	TimeToFirstToken Duration
	Tokens           map[TokenType]float64
	Bytes            Bytes
}

// providers adds up series that differ only in extra dimensions.
type providers map[ProviderID]*Provider

func newProviders() providers { return make(providers) }

func (p providers) add(measure string, l labels, metric *dto.Metric) {
	row := p.row(ProviderID{
		Service:   l["usage_service"],
		Provider:  l["usage_provider"],
		Kind:      l["usage_provider_kind"],
		Model:     l["usage_model"],
		Operation: l["usage_operation"],
		Overflow:  l.overflowed(),
	})
	switch measure {
	case "requests":
		row.Requests[Outcome(l["usage_outcome"])] += number(metric)
	case "duration":
		row.Duration.add(metric)
	case "time_to_first_token":
		row.TimeToFirstToken.add(metric)
	case "tokens":
		row.Tokens[TokenType(l["usage_token_type"])] += number(metric)
	default:
		row.Bytes.add(measure, metric)
	}
}

func (p providers) row(id ProviderID) *Provider {
	if p[id] == nil {
		p[id] = &Provider{
			ProviderID: id,
			Requests:   make(map[Outcome]float64),
			Tokens:     make(map[TokenType]float64),
		}
	}
	return p[id]
}

func (p providers) sorted() []Provider {
	ids := slices.SortedFunc(maps.Keys(p), func(a, b ProviderID) int {
		return cmp.Or(
			cmp.Compare(a.Service, b.Service),
			cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Provider, b.Provider),
			cmp.Compare(a.Model, b.Model),
			cmp.Compare(a.Operation, b.Operation),
		)
	})
	rows := make([]Provider, 0, len(ids))
	for _, id := range ids {
		rows = append(rows, *p[id])
	}
	return rows
}
