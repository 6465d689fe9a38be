package engine

import (
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// write makes a file.
func (h *historian) write(p usage.Period, rows []usage.HistoryRow) usage.HistoryFile {
	h.newest++
	m := usage.NewMerger(h.schemas, h.limit)
	f := usage.HistoryFile{Number: h.newest, Period: p}
	for i := range rows {
		m.Add(&rows[i])
		f.Sums[rows[i].Schema.Kind].Add(&rows[i].Measures)
	}
	h.files[f.Number], f.Rows = m.Rows(), len(m.Rows())
	f.Folded = slices.ContainsFunc(m.Rows(), func(r usage.HistoryRow) bool { return r.Schema.Overflow() })
	return f
}

// contents are the rows of a file that count.
func (h *historian) contents(list *usage.History, f *usage.HistoryFile) (rows []usage.HistoryRow) {
	for _, r := range h.files[f.Number] {
		if !list.Masks(f, &r) {
			rows = append(rows, r)
		}
	}
	return rows
}

// hourRows are the rows of an hour in memory.
func hourRows(e *Engine, hour int64, limit int) (rows []usage.HistoryRow) {
	for from, more := 0, true; more; {
		rows, from, more = e.HourRows(rows, hour, from, limit)
	}
	return rows
}

// close files the hours that are over, some of them.
func (h *historian) close() {
	for _, p := range h.CloseHours(h.clock.Wall) {
		if h.rng.IntN(4) > 0 {
			h.FileHour(h.write(p, hourRows(h.Engine, p.Start, 1+h.rng.IntN(20))))
		}
	}
}

// roll makes a day of hours, which stay, too. What was reset is taken off first: the sums
// of what is replaced are to be those of what counts.
func (h *historian) roll() {
	list := h.History()
	calendar := usage.NewCalendar(time.UTC)
	var rows []usage.HistoryRow
	var day usage.Period
	for i := range list.Files {
		f := &list.Files[i]
		start, end := calendar.Day(f.Start)
		if f.Granularity != usage.Hourly || list.Rolled(f) || day.End != 0 && start != day.Start {
			continue
		}
		if list.Masked(f) {
			h.rewrite(f.Number)
			return
		}
		day = usage.Period{Granularity: usage.Daily, Start: start, End: end}
		rows = append(rows, h.contents(&list, f)...)
	}
	if day.End != 0 {
		h.ReplaceFiles(nil, []usage.HistoryFile{h.write(day, rows)})
	}
}

// rewrite writes a file anew, without what was reset.
func (h *historian) rewrite(number uint64) {
	list := h.History()
	for i := range list.Files {
		if f := &list.Files[i]; f.Number == number {
			h.ReplaceFiles([]uint64{number}, []usage.HistoryFile{h.write(f.Period, h.contents(&list, f))})
		}
	}
}

// dropFile drops a file, masked or not; a day maybe before its hours.
func (h *historian) dropFile() {
	list := h.History()
	if len(list.Files) == 0 || h.exact {
		return
	}
	f := list.Files[h.rng.IntN(len(list.Files))]
	for hour := range h.want {
		if f.Start <= hour && hour < f.End {
			h.dropped[hour] = true
		}
	}
	h.DropFiles([]uint64{f.Number})
}
