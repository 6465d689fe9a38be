package meter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// documentVersion is that of the documents that Export writes; Import reads no other.
//
//	{"version": 1, "exported_at": "2026-11-21T15:00:00Z", "writer": "…", "includes": ["…"],
//	 "usage": {
//	   "series":  [{"kind": "provider", "attributes": {"usage.service": "shop", …},
//	                "measures": {"requests.success": 3, …}, "hours": [{"start": …, "end": …, "measures": {…}}]}],
//	   "history": [{"granularity": "hour", "start": …, "end": …, "rolled": true, "rows": [{…}]}]}}
//
// Times are Unix seconds, all measures are integers, and those that are zero are left
// out. A live series says itself what of it was counted in hours that are not over;
// everything else that there is of history stands behind the series. Hours that are
// rolled are in a day too: only the day counts in sums.
const documentVersion = 1

// documentRow is what one identity has counted: a live series, or one that has ended.
type documentRow struct {
	Kind       string            `json:"kind"`
	Attributes map[string]string `json:"attributes"`
	Measures   documentMeasures  `json:"measures"`
	Hours      []documentHour    `json:"hours,omitempty"`
}

// documentHour is the part of a series that was counted in an hour.
type documentHour struct {
	Start    int64            `json:"start"`
	End      int64            `json:"end"`
	Measures documentMeasures `json:"measures"`
}

// documentPeriod is an hour or a day; its rows follow.
type documentPeriod struct {
	Granularity string
	Start, End  int64
	Rolled      bool
}

// documentMeasures are measures by name.
type documentMeasures map[string]int64

// measureNames are what documents call the measures, by field. What is owed is
// bookkeeping and stays behind.
func measureNames() [usage.FieldCount]string {
	return [usage.FieldCount]string{
		"requests.success", "requests.client_error", "requests.error", "requests.throttled", "requests.cancelled",
		"duration_ns", "request_bytes", "response_bytes",
		"tokens.input", "tokens.cache_read", "tokens.cache_write", "tokens.output", "tokens.reasoning",
		"time_to_first_token_ns",
		"cost_reported_nano_usd", "cost_priced_nano_usd", "requests_unpriced",
		"", "",
		"sessions.opened", "sessions.closed.normal", "sessions.closed.failed", "sessions.closed.expired",
		"sessions.closed.terminated", "sessions.closed.duplicate", "sessions.closed.shutdown",
		"hits", "value", "value_billionths",
	}
}

func documentMeasuresOf(m *usage.Measures) documentMeasures {
	named, names := documentMeasures{}, measureNames()
	for f, n := range m.Fields() {
		if name := names[f]; name != "" && *n != 0 {
			named[name] = *n
		}
	}
	return named
}

// measures refuses names that nothing is called by and numbers that nothing can count.
func (d documentMeasures) measures() (m usage.Measures, err error) {
	fields, names := m.Fields(), measureNames()
	for name, n := range d {
		f := slices.Index(names[:], name)
		switch {
		case f < 0 || name == "":
			return m, refuse("unknown measure `%s`", name)
		case n < 0:
			return m, refuse("`%s` is %d: numbers from 0 on are accepted", name, n)
		}
		*fields[f] = n
	}
	return m, nil
}

func documentRowOf(schema *usage.Schema, values []string, m *usage.Measures) documentRow {
	row := documentRow{Kind: schema.Kind.String(), Attributes: make(map[string]string, len(values)), Measures: documentMeasuresOf(m)}
	for i, name := range schema.Names {
		row.Attributes[name] = values[i]
	}
	return row
}

// maxDocumentAttributes is more than a configuration accepts.
const maxDocumentAttributes = 128

// identity refuses what no series is known by. What comes beside the base identity has
// no order in a document: that of the names is as good as any.
func (r *documentRow) identity(schemas *usage.Schemas) (*usage.Schema, []string, error) {
	kind, ok := kindNamed(r.Kind)
	if !ok {
		return nil, nil, refuse("unknown kind `%s`", r.Kind)
	}
	if len(r.Attributes) > maxDocumentAttributes {
		return nil, nil, refuse("a row has %d attributes: up to %d are accepted", len(r.Attributes), maxDocumentAttributes)
	}
	names := r.baseNames(kind)
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	values := make([]string, len(names))
	for i, name := range names {
		value, ok := r.Attributes[name]
		if !ok {
			return nil, nil, refuse("a row of kind `%s` has no `%s`", r.Kind, name)
		}
		if len(value) > usage.LongestValue || len(name) > usage.LongestValue || name == "" || !utf8.ValidString(value) {
			return nil, nil, refuse("attribute `%.100s` is not named, or longer than %d bytes", name, usage.LongestValue)
		}
		values[i] = value
	}
	if r.overflow() && len(names) > 1 || kind == usage.Sessions && len(names) > len(r.baseNames(kind)) {
		return nil, nil, refuse("a row of kind `%s` has attributes that it cannot have", r.Kind)
	}
	return schemas.Intern(kind, names), values, nil
}

func (r *documentRow) overflow() bool { return r.Attributes[usage.AttrOverflow] != "" }

// baseNames are the names that come first in an identity of this kind.
func (r *documentRow) baseNames(kind usage.Kind) []string {
	switch {
	case r.overflow():
		return []string{usage.AttrOverflow}
	case kind != usage.Sessions:
		return slices.Clone(usage.BaseNames(kind))
	case r.Attributes[usage.AttrKind] == usage.Endpoint.String():
		return usage.OwnerNames(usage.Endpoint)
	default:
		return usage.OwnerNames(usage.Provider)
	}
}

func kindNamed(name string) (usage.Kind, bool) {
	for k := range usage.Kind(usage.Kinds) {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

const (
	// Zones differ by multiples of a quarter of an hour, and their days have a few
	// hours more or less.
	quarter    = 15 * 60
	longestDay = 28 * 60 * 60
	// maxAhead is how far the clock of another writer may be ahead, and its zone.
	maxAhead = 26 * time.Hour
)

// period refuses what is no hour and no day.
func (p *documentPeriod) period(now time.Time) (usage.Period, error) {
	period := usage.Period{Granularity: usage.Hourly, Start: p.Start, End: p.End}
	longest := int64(60 * 60)
	if p.Granularity == usage.Daily.String() {
		period.Granularity, longest = usage.Daily, longestDay
	}
	switch length := p.End - p.Start; {
	case p.Granularity != period.Granularity.String():
		return period, refuse("unknown granularity `%s`", p.Granularity)
	case p.Start <= 0 || p.Start > now.Add(maxAhead).Unix():
		return period, refuse("the %s that begins at %d is not one of the past", p.Granularity, p.Start)
	case length <= 0 || length > longest || p.Start%quarter != 0 || p.End%quarter != 0:
		return period, refuse("%d to %d is no %s", p.Start, p.End, p.Granularity)
	case p.Rolled && period.Granularity != usage.Hourly:
		return period, refuse("only hours are rolled")
	}
	return period, nil
}

// maxWriterLength is more than a UUID or a hash has.
const maxWriterLength = 128

// validWriter says whether something can be the name of a writer.
func validWriter(name string) bool {
	return len(name) <= maxWriterLength && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

// inputError is why something that was asked for makes no sense.
type inputError struct{ reason string }

func (e *inputError) Error() string { return e.reason }

// Unwrap says what it is.
func (*inputError) Unwrap() error { return ErrInput }

func refuse(format string, args ...any) error {
	return &inputError{reason: fmt.Sprintf(format, args...)}
}
