package api

import (
	"maps"
	"slices"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// filterOptions are the values that can be filtered by: of everything that was counted,
// as far as it is told apart.
type filterOptions struct {
	Services   []string            `json:"services"`
	Providers  []string            `json:"providers"`
	Models     []string            `json:"models"`
	Operations []string            `json:"operations"`
	Endpoints  []string            `json:"endpoints"`
	Protocols  []string            `json:"protocols"`
	Meters     []string            `json:"meters"`
	Dimensions map[string][]string `json:"dimensions"`
	// Truncated are the names of attributes with more values than are listed.
	Truncated []string `json:"truncated"`
}

const (
	defaultOptions = 1000
	maxOptions     = 10_000
)

// filterOptionsOf lists values by attribute.
func filterOptionsOf(c *call, h held) (any, error) {
	if err := c.only("limit"); err != nil {
		return nil, err
	}
	limit, err := c.number("limit", defaultOptions, maxOptions)
	if err != nil {
		return nil, err
	}
	values := valuesOf(h.View())
	options := &filterOptions{Dimensions: map[string][]string{}, Truncated: []string{}}
	options.Services = options.cut(values, usage.AttrService, limit)
	options.Providers = options.cut(values, usage.AttrProvider, limit)
	options.Models = options.cut(values, usage.AttrModel, limit)
	options.Operations = options.cut(values, usage.AttrOperation, limit)
	options.Endpoints = options.cut(values, usage.AttrEndpoint, limit)
	options.Protocols = options.cut(values, usage.AttrProtocol, limit)
	options.Meters = options.cut(values, usage.AttrMeter, limit)
	for _, name := range []string{usage.AttrKind, usage.AttrUnit, usage.AttrOverflow, usage.AttrProviderKind} {
		delete(values, name)
	}
	for name := range values {
		options.Dimensions[name] = options.cut(values, name, limit)
	}
	slices.Sort(options.Truncated)
	return options, nil
}

// cut takes the values of an attribute out.
func (o *filterOptions) cut(values map[string]map[string]bool, name string, limit int) []string {
	list := slices.Sorted(maps.Keys(values[name]))
	delete(values, name)
	if len(list) > limit {
		o.Truncated = append(o.Truncated, name)
		list = list[:limit]
	}
	return append([]string{}, list...)
}

// valuesOf are the different values of each attribute.
func valuesOf(src query.Source) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	add := func(schema *usage.Schema, values []string) {
		for i, name := range schema.Names {
			if all[name] == nil {
				all[name] = map[string]bool{}
			}
			all[name][values[i]] = true
		}
	}
	src.Live(func(r *usage.Row) bool {
		add(r.Schema, r.Values)
		return true
	})
	src.Retired(func(r *usage.Retired) bool {
		add(r.Schema, r.Values)
		return true
	})
	return all
}
