package query

import (
	"errors"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Source is what can be asked; see meter.View.
type Source interface {
	// Live and Retired call visit with every row until it returns false.
	Live(visit func(*usage.Row) bool)
	Retired(visit func(*usage.Retired) bool)
	// History calls visit with every row of the hours, or days, that overlap a stretch
	// of time, in Unix seconds, oldest first.
	History(g usage.Granularity, from, until int64, visit func(usage.Period, *usage.HistoryRow) error) error
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
	// of whole days, and of hours at the ends.
	From, Until int64
	// GroupBy names the attributes that rows are told apart by; empty: their whole
	// identity.
	GroupBy []string
	// OrderBy is a measure by its name in answers, such as `cost`, largest first, or
	// `name`. Ties are ordered by name; values that are not known come last.
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
	// LastSeen is when it was counted last, in Unix nanoseconds; 0: that is not known.
	LastSeen int64
}

// Answer is what a request is answered with.
type Answer struct {
	Rows []Row
	// Total is the sum of all groups, Groups how many there are: there may be more
	// than rows.
	Total  usage.Measures
	Groups int
}

// Point is a bucket of a timeline.
type Point struct {
	usage.Period
	// Rows are those of the answer's groups that have counted something.
	Rows  []Row
	Total usage.Measures
}
