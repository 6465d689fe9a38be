package engine

import (
	"math"
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// history is what was counted by hour. It has effective numbers: what series gained.
// By kind, with gone, it is always as much as live and retired series together, unless
// inexact.
type history struct {
	calendar *usage.Calendar
	schemas  *usage.Schemas
	limit    int // of detached rows of a kind
	fields   [usage.Kinds][]usage.Field

	hours []*hour // by when they begin
	// present is the hour that was asked for last.
	present usage.Period
	// state has lists that are never changed, only replaced.
	state usage.History
}

const (
	// lateness is how long after its end an hour may be added to, in seconds.
	lateness = int64(time.Hour / time.Second)
	// maxHours bounds those in memory: what is beyond, because files cannot be written
	// for a week or the journal was crafted, counts in the hour next to it.
	maxHours = 200
)

func newHistory(o *Options) history {
	h := history{calendar: o.Calendar, schemas: o.Schemas, limit: o.Limits.MaxSeries}
	if h.calendar == nil {
		h.calendar = usage.NewCalendar(time.UTC)
	}
	for kind := range h.fields {
		h.fields[kind] = fieldsOf(usage.Kind(kind))
	}
	return h
}

// hourOf is the hour in which is counted what happens at a time in Unix nanoseconds: not
// in one that is closed, which it may seem to be if the clock was set back.
func (h *history) hourOf(wall int64) int64 {
	at := max(wall/int64(time.Second), h.state.ClosedUntil)
	if at < h.present.Start || at >= h.present.End {
		h.present.Start, h.present.End = h.calendar.Hour(at)
	}
	return max(h.present.Start, h.state.ClosedUntil)
}

// admit makes deltas for hours that are closed, or have not begun, part of the hour
// that goes on. It comes before they are journalled, so that replay adds all of them as
// they are.
func (h *history) admit(deltas []usage.Delta, present int64) {
	for i := range deltas {
		if d := &deltas[i]; d.Hour < h.state.ClosedUntil || d.Hour > present {
			d.Hour = present
		}
	}
}

// add adds what a series has gained in an hour.
func (h *history) add(slot uint32, kind usage.Kind, start int64, gained *usage.Measures) {
	o := h.hour(start)
	addCells(o.make(slot, kind), &o.sums[kind], gained, h.fields[kind])
}

// hour returns the hour that begins at a time. Nearly always it is one of the last.
func (h *history) hour(start int64) *hour {
	at := len(h.hours)
	for ; at > 0 && h.hours[at-1].Start >= start; at-- {
		if h.hours[at-1].Start == start {
			return h.hours[at-1]
		}
	}
	if len(h.hours) >= maxHours {
		return h.hours[max(at-1, 0)]
	}
	return h.open(at, start)
}

func (h *history) open(at int, start int64) *hour {
	begins, end := h.calendar.Hour(start)
	if begins != start { // of another zone
		end = start + int64(time.Hour/time.Second)
	}
	n := &hour{
		Period:   usage.Period{Granularity: usage.Hourly, Start: start, End: end},
		detached: usage.NewMerger(h.schemas, h.limit),
	}
	for kind := range n.cells {
		n.cells[kind].width = len(h.fields[kind])
	}
	h.hours = slices.Insert(h.hours, at, n)
	return n
}

// detach makes what a series that ends has counted in open hours a row of its own.
func (h *history) detach(slot uint32, schema *usage.Schema, values []string) {
	for _, hour := range h.hours {
		row := hour.of(slot, schema.Kind)
		if row == nil {
			continue
		}
		hour.detached.Add(&usage.HistoryRow{Schema: schema, Values: values, Measures: measuresOf(row, h.fields[schema.Kind])})
		hour.forget(slot, schema.Kind)
	}
}

// forget removes what a series has counted in open hours.
func (h *history) forget(slot uint32, kind usage.Kind) {
	for _, hour := range h.hours {
		if row := hour.of(slot, kind); row != nil {
			m := measuresOf(row, h.fields[kind])
			hour.sums[kind].Subtract(&m)
			hour.forget(slot, kind)
		}
	}
}

// of is what a series has counted in open hours.
func (h *history) of(slot uint32, kind usage.Kind) (list []usage.HourMeasures) {
	for _, hour := range h.hours {
		if row := hour.of(slot, kind); row != nil {
			if list == nil {
				list = make([]usage.HourMeasures, 0, len(h.hours))
			}
			list = append(list, usage.HourMeasures{Hour: hour.Start, Measures: measuresOf(row, h.fields[kind])})
		}
	}
	return list
}

// rowsOf is in how many open hours a series has counted something.
func (h *history) rowsOf(slot uint32, kind usage.Kind) (n int) {
	for _, hour := range h.hours {
		if hour.of(slot, kind) != nil {
			n++
		}
	}
	return n
}

// remove removes the hour that begins at a time.
func (h *history) remove(start int64) {
	h.hours = slices.DeleteFunc(h.hours, func(o *hour) bool { return o.Start == start })
}

// forgetErased forgets resets that no file needs.
func (h *history) forgetErased() {
	oldest := uint64(math.MaxUint64)
	for i := range h.state.Files {
		oldest = min(oldest, h.state.Files[i].Number)
	}
	h.state.Erased = slices.Clip(slices.DeleteFunc(slices.Clone(h.state.Erased), func(e usage.Erased) bool { return e.Through < oldest }))
}

// withoutOwed leaves of measures what history has of them.
func withoutOwed(m usage.Measures) usage.Measures {
	m.InputOwed, m.OutputOwed = 0, 0
	return m
}
