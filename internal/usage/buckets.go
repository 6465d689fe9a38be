package usage

import "slices"

// Rolled says whether what an hour's file has is in a day's file too: when a day is
// written, it takes in all hours that begin in it and have a file by then. Only the day
// counts in sums.
func (h *History) Rolled(f *HistoryFile) bool {
	if f.Granularity != Hourly {
		return false
	}
	for i := range h.Files { // which are too large to be copied
		day := &h.Files[i]
		if day.Granularity == Daily && day.Number > f.Number && day.Start <= f.Start && f.Start < day.End {
			return true
		}
	}
	return false
}

// Masked says whether rows of a file may be in the scope of a reset, and do not count
// then.
func (h *History) Masked(f *HistoryFile) bool {
	return slices.ContainsFunc(h.Erased, func(e Erased) bool { return f.Number <= e.Through })
}

// Masks says whether a row of a file does not count.
func (h *History) Masks(f *HistoryFile, row *HistoryRow) bool {
	return slices.ContainsFunc(h.Erased, func(e Erased) bool {
		return f.Number <= e.Through && e.Covers(row.Schema, row.Values)
	})
}

// Sums are what files have, by kind, without hours that are rolled.
func (h *History) Sums() (sums [Kinds]Measures) {
	for i := range h.Files {
		f := &h.Files[i]
		if h.Rolled(f) {
			continue
		}
		for kind := range sums {
			sums[kind].Add(&f.Sums[kind])
		}
	}
	return sums
}
