package query

import (
	"errors"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Source is what can be asked; see meter.View.
type Source interface {
	// Live and Retired call visit with every row until it returns false. No two live rows
	// have the same identity, and no two retired ones.
	Live(visit func(*usage.Row) bool)
	Retired(visit func(*usage.Retired) bool)
	// History calls visit with every row of the hours, or days, that overlap a stretch
	// of time, in Unix seconds, oldest first.
	History(g usage.Granularity, from, until int64, visit func(usage.Period, *usage.HistoryRow) error) error
	// Endings is how many live rows have ended so far: became part of retired ones, or
	// were reset.
	Endings() uint64
	Moment() usage.Moment
	Calendar() *usage.Calendar
}

// ErrInput is wrapped by every error about a request that makes no sense.
var ErrInput = errors.New("invalid query")

// Request asks for rows of one kind.
type Request struct {
	Kind usage.Kind
	// Match picks rows by the values of their attributes; a row without one of these
	// is not picked.
	Match map[string]string
	// From and Until bound the time, in Unix seconds; 0: no bound. Without both the
	// answer is of all time, live and retired series; with either it is made of history:
	// of whole days, and of hours at the ends. Hours are not split: the time grows
	// until it begins and ends with one. What is left of a day whose hours were
	// forgotten already cannot be told, and does not count; days of another time zone,
	// from before that was changed, may stand across the ends.
	From, Until int64
	// GroupBy names the attributes that rows are told apart by; empty: their whole
	// identity. Rows that lack one of these, as retired ones lack dimensions, have the
	// empty value there.
	GroupBy []string
	// OrderBy is a measure by its name in answers, such as `cost`, largest first, or
	// `name`; empty: the first of the kind's [Measures]. Ties are ordered by name;
	// values that are not known come last.
	OrderBy string
	// Limit bounds the rows; 0: no limit.
	Limit int
}

// Attribute is one of an identity.
type Attribute struct{ Name, Value string }

// Row is what one group has counted.
type Row struct {
	Attributes []Attribute
	usage.Measures
	// FirstTokens is what live series know of times to the first token. Retired rows
	// and history do not say how many calls had one.
	FirstTokens Timed
	// LastSeen is when something was counted last, which is soon after it came: not
	// when it happened, as its record says. In Unix nanoseconds; 0: that is not known.
	LastSeen int64
	// History says that the row is made of it: what was open when its time began is
	// not known, and so neither is what is active.
	History bool
}

// Timed is how many calls have a time, and the sum of these in nanoseconds.
type Timed struct{ Calls, Sum int64 }

// Answer is what a request is answered with.
type Answer struct {
	Rows []Row
	// Total is the sum of all groups, Groups how many there are: there may be more
	// than rows.
	Total  Row
	Groups int
	// From and Until bound the time that was counted, in Unix seconds; 0: no bound.
	From, Until int64
}

// Point is a bucket of a timeline.
type Point struct {
	usage.Period
	// Rows are those of the answer's groups that have counted something.
	Rows  []Row
	Total Row
}

// add adds o to r, except for what tells them apart.
func (r *Row) add(o *Row) {
	r.Measures.Add(&o.Measures)
	r.FirstTokens.add(o.FirstTokens)
	r.LastSeen = max(r.LastSeen, o.LastSeen)
}

func (t *Timed) add(o Timed) {
	t.Calls = usage.AddSaturating(t.Calls, o.Calls)
	t.Sum = usage.AddSaturating(t.Sum, o.Sum)
}
