package meter

import (
	"errors"
	"io/fs"
	"sync"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// View shows what was counted, of a meter that goes on counting or of a state directory.
// Nothing is locked for longer than it takes to copy a part.
type View struct {
	engine   *engine.Engine
	calendar *usage.Calendar
	files    historyReader // nil: there are none
	// steady is held for reading while the rows of an hour are copied: series end, and
	// hours get files, only while nobody holds it.
	steady *sync.RWMutex
	// limit is how many rows of a kind a bucket has; 0: no limit.
	limit int
	// noted is told of errors of files and returns them.
	noted func(*usage.HistoryFile, error) error
	// now tells the time; nil: it is when the state was written.
	now func() usage.Moment
}

// historyReader reads files of history; see journal.Journal.
type historyReader interface {
	ReadHistory(f usage.HistoryFile, visit func(*usage.HistoryRow) error) error
}

// View shows what the meter has counted, to be read while it goes on counting.
func (m *Meter) View() *View {
	return &View{
		engine: m.engine, calendar: m.options.History.calendar(), files: m.files(), steady: &m.steady,
		limit: m.options.MaxSeries, noted: m.noteDamage, now: m.clock.moment,
	}
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

// Endings is how many series have ended so far.
func (v *View) Endings() uint64 { return v.engine.Endings() }

// errMoved says that an hour got a file, or a file was replaced, while it was looked at.
var errMoved = errors.New("history moves on too fast to be read")

// maxLooks bounds how often the list is read again because of that: it changes about
// once an hour.
const maxLooks = 10

// History calls visit with every row of the hours, or days, that overlap a stretch of
// time, in Unix seconds, oldest first; until 0 is no bound. Days that are not over are
// made of their hours. The row is valid during the call; an error of visit ends the
// visit and is returned.
func (v *View) History(g usage.Granularity, from, until int64, visit func(usage.Period, *usage.HistoryRow) error) error {
	var last usage.Period // that was visited
	for range maxLooks {
		err := v.visitAfter(&last, v.buckets(g, from, until), visit)
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return errMoved
}

// visitAfter visits the buckets behind the one that was visited last.
func (v *View) visitAfter(last *usage.Period, list []bucket, visit func(usage.Period, *usage.HistoryRow) error) error {
	for i := range list {
		b := &list[i]
		if !before(*last, b.Period) {
			continue
		}
		if err := v.visit(b, visit); err != nil {
			return err
		}
		*last = b.Period
	}
	return nil
}

// visit hands over the rows of a bucket, added up by identity. Those of a single file are
// so already.
func (v *View) visit(b *bucket, visit func(usage.Period, *usage.HistoryRow) error) error {
	if len(b.files) == 1 && len(b.hours) == 0 {
		var mine error
		err := v.read(b, &b.files[0], func(row *usage.HistoryRow) error {
			mine = visit(b.Period, row)
			return mine
		})
		if mine != nil {
			return mine
		}
		return err
	}
	sum := usage.NewMerger(&usage.Schemas{}, v.limit)
	if err := v.gather(b, sum); err != nil {
		return err
	}
	rows := sum.Rows()
	for i := range rows {
		if err := visit(b.Period, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// gather adds up what a bucket is made of.
func (v *View) gather(b *bucket, sum *usage.Merger) error {
	for i := range b.files {
		err := v.read(b, &b.files[i], func(row *usage.HistoryRow) error {
			sum.Add(row)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, hour := range b.hours {
		if !v.copyHour(hour, sum) {
			return errMoved
		}
	}
	return nil
}

// read reads a file without the rows that were reset. One that is gone was replaced, or
// dropped, since the list was made; the same error of visit is none of the file.
func (v *View) read(b *bucket, f *usage.HistoryFile, visit func(*usage.HistoryRow) error) error {
	visited := false
	err := v.files.ReadHistory(*f, func(row *usage.HistoryRow) error {
		if b.list.Masks(f, row) {
			return nil
		}
		visited = true
		return visit(row)
	})
	if !visited && errors.Is(err, fs.ErrNotExist) {
		return errMoved
	}
	return v.noted(f, err)
}

// copyHour adds up what was counted in an hour that has no file, and says whether that
// is still so.
func (v *View) copyHour(hour int64, sum *usage.Merger) (open bool) {
	v.steady.RLock()
	defer v.steady.RUnlock()
	for _, p := range v.engine.OpenHours() {
		open = open || p.Start == hour
	}
	if open {
		addHour(v.engine, hour, sum)
	}
	return open
}

// addHour adds up what was counted in an hour that has no file. No series may end
// meanwhile.
func addHour(e *engine.Engine, hour int64, sum *usage.Merger) {
	var rows []usage.HistoryRow
	for from, more := 0, true; more; {
		rows, from, more = e.HourRows(rows[:0], hour, from, rowsPerLook)
		for i := range rows {
			sum.Add(&rows[i])
		}
	}
}

// Moment is now, of a state directory the newest one: rows say by its age when they were
// touched.
func (v *View) Moment() usage.Moment {
	if v.now != nil {
		return v.now()
	}
	return v.engine.Totals().Moment
}

// Calendar is the one that hours and days are of.
func (v *View) Calendar() *usage.Calendar { return v.calendar }
