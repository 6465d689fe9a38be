package cli

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// question is the flags that say what a report is about.
type question struct {
	kind        string
	by          []string
	since       string
	until       string
	match       []string
	orderBy     string
	top         int
	granularity string
}

const (
	// identity as `--by` tells series apart by all they have.
	identity = "all"
	// mostRows is how many rows one answer of the API has at most.
	mostRows = 10_000
)

func newQuestion(cmd *cobra.Command) *question {
	q := &question{}
	flags := cmd.Flags()
	flags.StringVar(&q.kind, "kind", usage.Provider.String(), "what is reported: "+strings.Join(kindNames(), ", "))
	flags.StringSliceVar(&q.by, "by", nil, "attributes that rows are told apart by, such as provider,model, or\nany dimension; \"all\": the whole identity (default: see above)")
	flags.StringVar(&q.since, "since", "", "from when: 2026-11-21, 2026-11-21T15:04:05Z, or how long ago: 24h, 7d")
	flags.StringVar(&q.until, "until", "", "until when, in the same forms; a date counts as a whole")
	flags.StringArrayVar(&q.match, "match", nil, "only what has this value: name=value; may be repeated")
	flags.StringVar(&q.orderBy, "order-by", "", "measure that rows are ordered by, largest first, or \"name\"\n(default: requests, or the kind's first measure)")
	flags.IntVar(&q.top, "top", 0, "only so many rows (default: all; of a collector, up to 10000)")
	flags.StringVar(&q.granularity, "granularity", "", "over time, by hour or by day")
	complete(cmd, "kind", kindNames)
	complete(cmd, "granularity", granularities)
	complete(cmd, "order-by", q.orders)
	completeList(cmd, "by", q.attributes)
	return q
}

// parameters are the question as the API reads it, and query.ParseRequest.
func (q *question) parameters(now time.Time) (url.Values, error) {
	if !slices.Contains(kindNames(), q.kind) {
		return nil, misused("`--kind %s` is none of: %s", q.kind, strings.Join(kindNames(), ", "))
	}
	if q.top < 0 || q.top > mostRows {
		return nil, misused("`--top %d` is not from 1 to %d", q.top, mostRows)
	}
	if q.granularity != "" && !slices.Contains(granularities(), q.granularity) {
		return nil, misused("`--granularity %s` is none of: %s", q.granularity, strings.Join(granularities(), ", "))
	}
	v := url.Values{"kind": {q.kind}, "limit": {strconv.Itoa(mostRows)}}
	if q.top > 0 {
		v.Set("limit", strconv.Itoa(q.top))
	}
	if by := q.groups(); len(by) > 0 {
		v.Set("group_by", strings.Join(by, ","))
	}
	if q.orderBy != "" {
		v.Set("order_by", q.orderBy)
	}
	for _, match := range q.match {
		if name, _, ok := strings.Cut(match, "="); !ok || name == "" {
			return nil, misused("`--match %s` is not name=value", match)
		}
		v.Add("match", match)
	}
	if q.granularity != "" {
		v.Set("granularity", q.granularity)
	}
	return v, q.times(v, now)
}

func (q *question) times(v url.Values, now time.Time) error {
	for _, bound := range []struct{ flag, parameter, text string }{{"since", "from", q.since}, {"until", "to", q.until}} {
		if bound.text == "" {
			continue
		}
		text, err := timeParameter(bound.flag, bound.text, now)
		if err != nil {
			return err
		}
		v.Set(bound.parameter, text)
	}
	return nil
}

// groups are the attributes to tell rows apart by. Over time, nothing said means sums.
func (q *question) groups() []string {
	switch {
	case slices.Equal(q.by, []string{identity}):
		return nil
	case len(q.by) > 0 || q.granularity != "":
		return q.by
	}
	switch q.kind {
	case usage.Provider.String():
		return []string{"provider", "model"}
	case usage.Endpoint.String():
		return []string{"service", "endpoint"}
	case usage.Own.String():
		return []string{"meter"}
	default:
		return nil
	}
}

// theKind is what is reported.
func (q *question) theKind() usage.Kind {
	return usage.Kind(slices.Index(kindNames(), q.kind))
}

// theGranularity is how long buckets are.
func (q *question) theGranularity() usage.Granularity {
	if q.granularity == usage.Daily.String() {
		return usage.Daily
	}
	return usage.Hourly
}

// orders are the names that rows can be ordered by.
func (q *question) orders() []string {
	if !slices.Contains(kindNames(), q.kind) {
		return nil
	}
	names := []string{"name"}
	for _, m := range query.Measures(q.theKind()) {
		names = append(names, m.Name)
	}
	return names
}

// attributes are those that every row of the kind has.
func (q *question) attributes() []string {
	if !slices.Contains(kindNames(), q.kind) {
		return nil
	}
	names := []string{identity}
	bases := [][]string{usage.BaseNames(q.theKind())}
	if q.theKind() == usage.Sessions {
		bases = [][]string{usage.OwnerNames(usage.Endpoint), usage.OwnerNames(usage.Provider)}
	}
	for _, name := range slices.Concat(bases...) {
		if short := shortName(name); query.AttributeName(short) == name {
			name = short
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func kindNames() []string {
	names := make([]string, usage.Kinds)
	for i := range names {
		names[i] = usage.Kind(i).String()
	}
	return names
}

func granularities() []string { return []string{usage.Hourly.String(), usage.Daily.String()} }
