package usage

import (
	"cmp"
	"slices"
)

// Without returns what history is when files are dropped: what only they had is in no
// bucket any more.
func (h *History) Without(numbers []uint64) History { return h.Exchange(numbers, nil) }

// Exchange returns what history is with other files. What buckets have less by that has
// gone, and what they have more is no longer gone. Of a file that is masked nobody knows how
// much a reset had taken, and how much of it begins or ends to count.
func (h *History) Exchange(remove []uint64, add []HistoryFile) History {
	next := *h
	next.Files = h.Replaced(remove, add)
	before, after := h.days(), next.days()
	var less, more [Kinds]Measures
	move := func(f *HistoryFile, counted, counts bool) {
		switch {
		case counted == counts:
			return
		case counted:
			f.addTo(&less)
		default:
			f.addTo(&more)
		}
		next.Inexact = next.Inexact || h.Masked(f)
	}
	removed := setOf(remove)
	for i := range h.Files {
		f := &h.Files[i]
		move(f, !before.roll(f), !removed[f.Number] && !after.roll(f))
	}
	for i := range add {
		move(&add[i], false, !after.roll(&add[i]))
	}
	for kind := range next.Gone {
		next.Gone[kind].Add(&less[kind])
		next.Gone[kind].Subtract(&more[kind])
	}
	return next
}

// Replaced returns the list without some files and with others, in order.
func (h *History) Replaced(remove []uint64, add []HistoryFile) []HistoryFile {
	files, removed := make([]HistoryFile, 0, len(h.Files)+len(add)), setOf(remove)
	add = slices.SortedFunc(slices.Values(add), compareFiles)
	for i := range h.Files {
		f := &h.Files[i]
		if removed[f.Number] {
			continue
		}
		for len(add) > 0 && compareFiles(add[0], *f) < 0 {
			files, add = append(files, add[0]), add[1:]
		}
		files = append(files, *f)
	}
	return slices.Clip(append(files, add...))
}

// SortFiles puts the files in order: by when they begin, then by number.
func (h *History) SortFiles() { h.Files = slices.SortedFunc(slices.Values(h.Files), compareFiles) }

func compareFiles(a, b HistoryFile) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Number, b.Number))
}

func setOf(numbers []uint64) map[uint64]bool {
	set := make(map[uint64]bool, len(numbers))
	for _, n := range numbers {
		set[n] = true
	}
	return set
}
