package query

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

const (
	defaultLimit = 100
	maxLimit     = 10_000
	// maxNames bounds how many attributes are grouped by, or matched.
	maxNames = 32
)

// Clock is what words about time are read with; a [Source] has it.
type Clock interface {
	Moment() usage.Moment
	Calendar() *usage.Calendar
}

// ParseRequest reads a request from the parameters of a URL:
//
//	kind               endpoint, provider (if not given), meter or session
//	by or group_by     attributes, between commas
//	order_by           a measure, or name
//	limit              1 to 10000; 100 if not given
//	from, to           see [ParseTime]; a date counts as a whole, also as `to`
//	period             see [ParsePeriod]; instead of from and to
//	provider, model, endpoint, service   the value of that attribute
//	match              attribute=value, as often as needed
//
// Empty ones count as not given, and those that the caller reads itself are left alone.
// Everything else is refused: a filter that is misspelt must not answer with everything.
func ParseRequest(v url.Values, clock Clock, callers ...string) (Request, error) {
	p := parameters{v}
	if err := p.known(append(callers, "kind", "by", "group_by", "order_by", "limit", "from", "to", "period",
		"provider", "model", "endpoint", "service", "match")); err != nil {
		return Request{}, err
	}
	r := Request{Limit: defaultLimit, OrderBy: p.get("order_by")}
	var err error
	if r.Kind, err = parseKind(p.get("kind")); err != nil {
		return Request{}, err
	}
	if r.GroupBy, err = p.groupBy(); err != nil {
		return Request{}, err
	}
	if r.Match, err = p.match(); err != nil {
		return Request{}, err
	}
	if r.Limit, err = p.limit(); err != nil {
		return Request{}, err
	}
	if r.From, r.Until, err = p.time(clock); err != nil {
		return Request{}, err
	}
	return r, r.validate()
}

// ParseGranularity reads `hour` or `day`.
func ParseGranularity(text string) (usage.Granularity, error) {
	for _, g := range []usage.Granularity{usage.Hourly, usage.Daily} {
		if text == g.String() {
			return g, nil
		}
	}
	return 0, inputError("granularity", "is %q; it is `hour` or `day`", text)
}

func parseKind(text string) (usage.Kind, error) {
	if text == "" {
		return usage.Provider, nil
	}
	for i := range usage.Kinds {
		if k := usage.Kind(i); text == k.String() {
			return k, nil
		}
	}
	return 0, inputError("kind", "is %q; it is one of: %s", text, kindNames())
}

// parameters are those of a URL.
type parameters struct{ url.Values }

// known refuses parameters that nobody reads, and those that say two things.
func (p parameters) known(names []string) error {
	for _, name := range slices.Sorted(maps.Keys(p.Values)) {
		if !slices.Contains(names, name) {
			slices.Sort(names)
			return inputError(name, "is not a parameter; there are: %s", strings.Join(slices.Compact(names), ", "))
		}
		if len(p.Values[name]) > 1 && name != "match" {
			return inputError(name, "is given more than once")
		}
	}
	return nil
}

func (p parameters) get(name string) string { return strings.TrimSpace(p.Get(name)) }

func (p parameters) limit() (int, error) {
	text := p.get("limit")
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, inputError("limit", "is %q; it is a number from 1 to %d", text, maxLimit)
	}
	return n, nil
}

func (p parameters) groupBy() ([]string, error) {
	text, parameter := p.get("group_by"), "group_by"
	if by := p.get("by"); by != "" {
		if text != "" {
			return nil, inputError("by", "and `group_by` are the same: give one of them")
		}
		text, parameter = by, "by"
	}
	if text == "" {
		return nil, nil
	}
	var names []string
	for part := range strings.SplitSeq(text, ",") {
		name := AttributeName(strings.TrimSpace(part))
		if name == "" || slices.Contains(names, name) {
			return nil, inputError(parameter, "is %q; it is names of attributes between commas, each once", text)
		}
		names = append(names, name)
	}
	if len(names) > maxNames {
		return nil, inputError(parameter, "has more than %d names", maxNames)
	}
	return names, nil
}

// match reads filters. Two that contradict each other are refused: nothing would meet them.
func (p parameters) match() (map[string]string, error) {
	match := map[string]string{}
	add := func(parameter, name, value string) error {
		name = AttributeName(name)
		if known, ok := match[name]; ok && known != value {
			return inputError(parameter, "asks `%s` to be both %q and %q", name, known, value)
		}
		match[name] = value
		return nil
	}
	for _, name := range []string{"provider", "model", "endpoint", "service"} {
		if value := p.get(name); value != "" {
			if err := add(name, name, value); err != nil {
				return nil, err
			}
		}
	}
	for _, text := range p.Values["match"] {
		name, value, ok := strings.Cut(text, "=")
		if name = strings.TrimSpace(name); text != "" && (!ok || name == "") {
			return nil, inputError("match", "is %q; it is `attribute=value`", text)
		}
		if text == "" {
			continue
		}
		if err := add("match", name, value); err != nil {
			return nil, err
		}
	}
	if len(match) > maxNames {
		return nil, inputError("match", "is given for more than %d attributes", maxNames)
	}
	return match, nil
}

func (p parameters) time(clock Clock) (from, until int64, err error) {
	if period := p.get("period"); period != "" {
		if p.get("from") != "" || p.get("to") != "" {
			return 0, 0, inputError("period", "says what `from` and `to` say: give one or the other")
		}
		return ParsePeriod(period, clock)
	}
	if text := p.get("from"); text != "" {
		if from, _, err = ParseTime("from", text, clock.Calendar()); err != nil {
			return 0, 0, err
		}
	}
	if text := p.get("to"); text != "" {
		if _, until, err = ParseTime("to", text, clock.Calendar()); err != nil {
			return 0, 0, err
		}
	}
	return from, until, nil
}
