package meter

import (
	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// View shows what was counted, of a meter that goes on counting or of a state directory.
// Nothing is locked for longer than it takes to copy a part.
type View struct {
	engine   *engine.Engine
	calendar *usage.Calendar
}

// Live calls visit with every series until it returns false. The row is valid during
// the call.
func (v *View) Live(visit func(*usage.Row) bool) {
	var rows []usage.Row
	for from, more := uint32(0), true; more; {
		rows, from, more = v.engine.Rows(rows[:0], from, rowsPerExport)
		for i := range rows {
			if !visit(&rows[i]) {
				return
			}
		}
	}
}

// Retired calls visit with what series that have ended had counted, until it returns
// false.
func (v *View) Retired(visit func(*usage.Retired) bool) {
	var rows []usage.Retired
	for from, more := 0, true; more; from += len(rows) {
		rows, more = v.engine.Retired(rows[:0], from, rowsPerExport)
		for i := range rows {
			if !visit(&rows[i]) {
				return
			}
		}
	}
}

// History calls visit with every row of the hours, or days, that overlap a stretch of
// time, in Unix seconds, oldest first. Days that are not over are made of their hours.
// The row is valid during the call; an error of visit ends the visit and is returned.
func (v *View) History(g usage.Granularity, from, until int64, visit func(usage.Period, *usage.HistoryRow) error) error {
	return nil
}

// Moment is the newest one: rows say by its age when they were touched.
func (v *View) Moment() usage.Moment { return v.engine.Totals().Moment }

// Calendar is the one that hours and days are of.
func (v *View) Calendar() *usage.Calendar { return v.calendar }
