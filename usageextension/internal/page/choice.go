package page

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// side is one of the two things that the page tells of over time.
type side struct {
	kind usage.Kind
	// name is what links call it, label what people do.
	name, label string
	// dimensions are those of the base identity, by the names that links have for
	// them; the first one is what is shown unless something else is asked for.
	dimensions []dimension
	// shows are what charts may be of, the most interesting first.
	shows []show
}

type dimension struct{ short, label string }

// show is something that adds up.
type show struct {
	name, label string
	// order is the measure of query that puts the largest first.
	order string
	of    func(*usage.Measures) int64
	text  func(int64) number
}

func sides() []side {
	requests := show{"requests", "Requests", "requests", (*usage.Measures).TotalRequests, short}
	return []side{
		{
			kind: usage.Provider, name: "providers", label: "Providers",
			dimensions: []dimension{{"provider", "Provider"}, {"model", "Model"}, {"service", "Service"}, {"operation", "Operation"}, {"provider.kind", "Kind"}},
			shows: []show{
				{"cost", "Cost", "cost", (*usage.Measures).TotalCost, money},
				{"tokens", "Tokens", "tokens", (*usage.Measures).TotalTokens, short},
				requests,
			},
		},
		{
			kind: usage.Endpoint, name: "endpoints", label: "Endpoints",
			dimensions: []dimension{{"endpoint", "Endpoint"}, {"service", "Service"}, {"protocol", "Protocol"}},
			shows: []show{
				requests,
				{"out", "Bytes out", "response_bytes", func(m *usage.Measures) int64 { return m.ResponseBytes }, bytes},
				{"in", "Bytes in", "request_bytes", func(m *usage.Measures) int64 { return m.RequestBytes }, bytes},
			},
		},
	}
}

// choice is what was asked for; what was not stays empty.
type choice struct{ processor, period, of, by, show string }

// maxName bounds what may stand in an address; no attribute has a longer name.
const maxName = 256

// choose reads the parameters of an address. A misspelt one must not show something else
// than was asked for.
func choose(values url.Values) (choice, error) {
	known := []string{"by", "of", "period", "processor", "show"}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			return choice{}, inputError(name, "is no parameter of the page: %s are", strings.Join(known, ", "))
		}
		if len(values[name]) > 1 {
			return choice{}, inputError(name, "is given more than once")
		}
	}
	c := choice{values.Get("processor"), values.Get("period"), values.Get("of"), values.Get("by"), values.Get("show")}
	if len(c.by) > maxName || !utf8.ValidString(c.by) || strings.ContainsFunc(c.by, unicode.IsControl) {
		return choice{}, inputError("by", "is no name of an attribute: up to %d bytes of text are accepted", maxName)
	}
	return c, nil
}

// address is that of the page with these choices.
func (c choice) address() string {
	values := url.Values{}
	for name, value := range map[string]string{"processor": c.processor, "period": c.period, "of": c.of, "by": c.by, "show": c.show} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return "?" + values.Encode()
}

// pick returns what a parameter names, or the fallback if it names nothing.
func pick[T any](parameter, value string, all []T, name func(*T) string, fallback int) (*T, error) {
	if value == "" {
		return &all[fallback], nil
	}
	var names []string
	for i := range all {
		if name(&all[i]) == value {
			return &all[i], nil
		}
		names = append(names, name(&all[i]))
	}
	return nil, inputError(parameter, "is %q: %s are accepted", value, strings.Join(names, ", "))
}

// wanted returns the side that the choice is about; nil: it does not say.
func (c choice) wanted() (*side, error) {
	all := sides()
	var by *side // the only one whose series all have the dimension
	switch first, second := all[0].has(c.by), all[1].has(c.by); {
	case first && !second:
		by = &all[0]
	case second && !first:
		by = &all[1]
	}
	if c.of == "" {
		return by, nil
	}
	of, err := pick("of", c.of, all, func(s *side) string { return s.name }, 0)
	if err == nil && by != nil && by.name != of.name {
		return nil, inputError("by", "is %q, which %s do not have", c.by, of.name)
	}
	return of, err
}

// has says whether a dimension is one that every series of the side has.
func (s *side) has(by string) bool {
	return slices.ContainsFunc(s.dimensions, func(d dimension) bool { return d.attribute() == query.AttributeName(by) })
}

func (d dimension) attribute() string { return query.AttributeName(d.short) }

// attribute is what rows are grouped by.
func (s *side) attribute(c choice) string {
	if c.by == "" {
		return s.dimensions[0].attribute()
	}
	return query.AttributeName(c.by)
}

// labelOf is what people call an attribute.
func (s *side) labelOf(attribute string) string {
	i := slices.IndexFunc(s.dimensions, func(d dimension) bool { return d.attribute() == attribute })
	if i < 0 {
		return attribute
	}
	return s.dimensions[i].label
}

// inputError says what is wrong with which parameter.
func inputError(parameter, format string, args ...any) error {
	return fmt.Errorf("%w: `%s` %s", query.ErrInput, parameter, fmt.Sprintf(format, args...))
}
