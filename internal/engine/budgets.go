package engine

import (
	"math/bits"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Budget is what series may use in a period of time.
type Budget struct {
	Name string
	// Definition is what the budget counts and for how long, in words: a budget of the
	// same name that counts something else begins anew.
	Definition string
	// Covers says whether a series counts.
	Covers  func(schema *usage.Schema, values []string) bool
	Measure usage.BudgetMeasure
	Period  usage.BudgetPeriod
	// Levels are at which uses the observer is told, ascending, in the unit of the
	// measure.
	Levels []int64
}

// MaxBudgets is how many there can be.
const MaxBudgets = 64

// BudgetUse is what is used of a budget in the period that goes on.
type BudgetUse struct {
	usage.Period // both ends are 0 if it never ends
	Used         int64
}

// budgets are how much of each is used.
type budgets struct {
	list     []Budget
	calendar *usage.Calendar
	states   []usage.BudgetState
	// within are the periods that were asked for last: nearly always the same again.
	within []usage.Period
	// counting has a bit for each budget that a series counts for, by slot; empty if
	// there are no budgets.
	counting []uint64
	// seq is the newest commit contained: while the journal is replayed, that is ahead
	// of the engine's.
	seq uint64
}

func newBudgets(list []Budget, calendar *usage.Calendar) budgets {
	b := budgets{
		list: list, calendar: calendar,
		states: make([]usage.BudgetState, len(list)), within: make([]usage.Period, len(list)),
	}
	for i := range list {
		b.states[i] = usage.BudgetState{Name: list[i].Name, Definition: list[i].Definition}
	}
	return b
}

// define notes which budgets a new series counts for.
func (b *budgets) define(slot uint32, schema *usage.Schema, values []string) {
	if len(b.list) == 0 {
		return
	}
	for uint64(len(b.counting)) <= uint64(slot) {
		b.counting = append(b.counting, 0)
	}
	b.counting[slot] = 0
	for i := range b.list {
		if b.list[i].Covers(schema, values) {
			b.counting[slot] |= 1 << i
		}
	}
}

// count adds what a delta has added to its series, unless the commit is contained.
func (b *budgets) count(d *usage.Delta, gained *usage.Measures, c *usage.Commit, crossed func(budget, level int)) {
	if b.seq < c.Seq {
		b.add(d.Slot, d.Hour, gained, c.Wall/int64(time.Second), crossed)
	}
}

// add adds what a series has gained in an hour. crossed is called for every
// level that is reached in the period of now, a Unix second.
func (b *budgets) add(slot uint32, hour int64, gained *usage.Measures, now int64, crossed func(budget, level int)) {
	if len(b.list) == 0 {
		return
	}
	for of := b.counting[slot]; of != 0; of &= of - 1 {
		i := bits.TrailingZeros64(of)
		if n := b.list[i].Measure.Of(gained); n > 0 {
			b.use(i, hour, n, now, crossed)
		}
	}
}

func (b *budgets) use(i int, hour, n, now int64, crossed func(budget, level int)) {
	s, of := &b.states[i], &b.list[i]
	start, end := b.period(i, hour)
	switch {
	case start > s.Start:
		s.StartBefore, s.Before = s.Start, s.Used
		s.Start, s.Used = start, 0
	case start < s.Start:
		if start == s.StartBefore {
			s.Before = usage.AddSaturating(s.Before, n)
		}
		return
	}
	before := s.Used
	s.Used = usage.AddSaturating(s.Used, n)
	if crossed == nil || end != 0 && now >= end {
		return // nobody is told again, or of a period that is over
	}
	for level, at := range of.Levels {
		if before < at && s.Used >= at {
			crossed(i, level)
		}
	}
}

// period returns the bounds of a budget's period that a time is in.
func (b *budgets) period(i int, at int64) (start, end int64) {
	w := &b.within[i]
	if at < w.Start || at >= w.End {
		w.Start, w.End = b.list[i].Period.Bounds(b.calendar, at)
	}
	return w.Start, w.End
}

// used is what is used in the periods that a time is in, a Unix second.
func (b *budgets) used(now int64) []BudgetUse {
	uses := make([]BudgetUse, len(b.list))
	for i := range b.list {
		start, end := b.period(i, now)
		uses[i].Start, uses[i].End = start, end
		switch s := &b.states[i]; start {
		case s.Start:
			uses[i].Used = s.Used
		case s.StartBefore: // the clock was set back
			uses[i].Used = s.Before
		}
	}
	return uses
}

// restore takes over what was stored of the budgets that are as they were.
func (b *budgets) restore(stored []usage.BudgetState, seq uint64) {
	b.seq = seq
	for i := range b.states {
		for _, s := range stored {
			if s.Name == b.states[i].Name && s.Definition == b.states[i].Definition {
				// The zone may have been another one.
				s.Start, s.StartBefore = b.startOf(i, s.Start), b.startOf(i, s.StartBefore)
				b.states[i] = s
			}
		}
	}
}

// startOf is when the period begins that is for the most part the one which began at a
// time, for whoever has stored that.
func (b *budgets) startOf(i int, stored int64) int64 {
	period := b.list[i].Period
	if start, _ := period.Bounds(b.calendar, stored); stored == 0 || start == stored {
		return stored
	}
	start, _ := period.Bounds(b.calendar, stored+period.Half())
	return start
}

// Budgets returns what is used of each budget at a moment.
func (e *Engine) Budgets(now usage.Moment) []BudgetUse {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.budgets.used(max(now.Wall, e.moment.Wall) / int64(time.Second))
}
