package usage

import (
	"cmp"
	"math"
	"slices"
)

// rolls says whether a file is that of a day which has taken in an hour: all that begin in
// it and have a file when it is written.
func (f *HistoryFile) rolls(hour *HistoryFile) bool {
	return f.Granularity == Daily && hour.Granularity == Hourly && f.Number > hour.Number && f.Start <= hour.Start && hour.Start < f.End
}

// Rolled says whether what an hour's file has is in a day's file too. Only the day
// counts in sums.
func (h *History) Rolled(f *HistoryFile) bool {
	for i := range h.Files { // which are too large to be copied
		if h.Files[i].rolls(f) {
			return true
		}
	}
	return false
}

// days answer Rolled for many files: there may be many thousands. They are by when they
// begin, and of those of one period there is the newest.
type days []dayFile

type dayFile struct {
	*HistoryFile
	reach int64 // the latest end of this day and those before
}

func (h *History) days() (list days) {
	for i := range h.Files {
		if f := &h.Files[i]; f.Granularity == Daily {
			list = append(list, dayFile{HistoryFile: f})
		}
	}
	slices.SortFunc(list, func(a, b dayFile) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(b.Number, a.Number))
	})
	list = slices.CompactFunc(list, func(a, b dayFile) bool { return a.Period == b.Period })
	reach := int64(math.MinInt64)
	for i := range list {
		reach = max(reach, list[i].End)
		list[i].reach = reach
	}
	return list
}

func (d days) roll(f *HistoryFile) bool {
	n, _ := slices.BinarySearchFunc(d, f.Start, func(day dayFile, start int64) int {
		if day.Start > start {
			return 1
		}
		return -1
	})
	for n--; n >= 0 && d[n].reach > f.Start; n-- {
		if d[n].rolls(f) {
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
	days := h.days()
	for i := range h.Files {
		if f := &h.Files[i]; !days.roll(f) {
			f.addTo(&sums)
		}
	}
	return sums
}

func (f *HistoryFile) addTo(sums *[Kinds]Measures) {
	for kind := range sums {
		sums[kind].Add(&f.Sums[kind])
	}
}
