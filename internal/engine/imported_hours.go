package engine

import (
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// ImportHours gives hours in memory to a part of what Import was given: without
// persistence there are no files.
func (e *Engine) ImportHours(list []usage.HourRow) {
	for part := range slices.Chunk(list, importsPerLock) {
		e.importHours(part)
	}
}

func (e *Engine) importHours(list []usage.HourRow) {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := &e.history
	for i := range list {
		r := &list[i]
		h.hour(r.Hour).addDetached(&r.HistoryRow)
		h.state.Gone[r.Schema.Kind].Subtract(&r.Measures)
	}
}
