package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// StoredRows is Rows with what each series has counted in hours that are in no file:
// for snapshots.
func (e *Engine) StoredRows(rows []usage.Row, from uint32, limit int) (out []usage.Row, next uint32, more bool) {
	return e.copyRows(rows, from, limit, true)
}

// HourRows copies what was counted in the hour in memory that begins at a time, a Unix
// second: rows of live series, then of those that have ended. An identity may have one
// of each. It looks at limit series from a place on, 0 at first, and returns the place
// to go on with.
func (e *Engine) HourRows(dst []usage.HistoryRow, start int64, from, limit int) (out []usage.HistoryRow, next int, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := e.history.find(start)
	if h == nil {
		return dst, from, false
	}
	if from >= 0 {
		return e.liveHourRows(dst, h, from, limit)
	}
	// Places below zero are those of detached rows, from the first on.
	all := h.detached.Rows()
	begin := min(-1-from, len(all))
	end := min(begin+limit, len(all))
	return append(dst, all[begin:end]...), -1 - end, end < len(all)
}

func (e *Engine) liveHourRows(dst []usage.HistoryRow, h *hour, from, limit int) (out []usage.HistoryRow, next int, more bool) {
	end := min(from+limit, int(e.table.end()))
	for slot := from; slot < end; slot++ {
		s := e.table.at(uint32(slot))
		if s == nil {
			continue
		}
		schema := e.options.Schemas.Get(s.key.Schema())
		if row := h.of(uint32(slot), schema.Kind); row != nil {
			dst = append(dst, usage.HistoryRow{
				Schema: schema, Values: s.key.AppendValues(make([]string, 0, len(schema.Names))),
				Measures: measuresOf(row, e.history.fields[schema.Kind]),
			})
		}
	}
	if end < int(e.table.end()) {
		return dst, end, true
	}
	return dst, -1, len(h.detached.Rows()) > 0
}

func (h *history) find(start int64) *hour {
	for _, o := range h.hours {
		if o.Start == start {
			return o
		}
	}
	return nil
}

// Detached copies up to limit rows of series that have ended, of all hours in memory,
// from number from on, as Retired does. Series end only while no snapshot is taken.
func (e *Engine) Detached(dst []usage.HourRow, from, limit int) (out []usage.HourRow, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.history.hours {
		all := h.detached.Rows()
		for ; from < len(all); from++ {
			if limit == 0 {
				return dst, true
			}
			dst = append(dst, usage.HourRow{Hour: h.Start, HistoryRow: all[from]})
			limit--
		}
		from -= len(all)
	}
	return dst, false
}

// RestoreDetached puts rows of series that have ended from a snapshot into an engine
// that counts nothing yet.
func (e *Engine) RestoreDetached(list []usage.HourRow) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range list {
		r := &list[i]
		r.Measures = withoutOwed(r.Measures)
		e.history.hour(r.Hour).addDetached(&r.HistoryRow)
	}
	return nil
}
