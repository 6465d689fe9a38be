package meter

import (
	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Imbalance is a measure of which history has something else than what was counted.
type Imbalance struct {
	Kind    usage.Kind
	Measure string // as documents name it
	// Counted is over all series, live and retired, Dated what history has of it, that
	// which is in no bucket any more included.
	Counted, Dated int64
}

// imbalances are there if something was lost, or counts twice. What was reset may be
// missing in one and not in the other: nothing can be said then.
func imbalances(e *engine.Engine, files historyReader) (list []Imbalance, err error) {
	history := e.History()
	dated, err := datedOf(e, &history, files)
	if err != nil || history.Inexact {
		return nil, err
	}
	counted, names := countedOf(e), measureNames()
	for kind := range counted {
		have := dated[kind].Fields()
		for f, n := range counted[kind].Fields() {
			if names[f] != "" && *n != *have[f] {
				list = append(list, Imbalance{usage.Kind(kind), names[f], *n, *have[f]})
			}
		}
	}
	return list, nil
}

// sums has one for each kind.
type sums [usage.Kinds]usage.Measures

// countedOf adds up all series, live and retired.
func countedOf(e *engine.Engine) (total sums) {
	v := View{engine: e}
	v.Live(func(r *usage.Row) bool {
		total[r.Schema.Kind].Add(&r.Measures)
		return true
	})
	v.Retired(func(r *usage.Retired) bool {
		total[r.Schema.Kind].Add(&r.Measures)
		return true
	})
	return total
}

// datedOf adds up history.
func datedOf(e *engine.Engine, history *usage.History, files historyReader) (total sums, err error) {
	total = history.Gone
	for i := range history.Files {
		f := &history.Files[i]
		if history.Rolled(f) {
			continue
		}
		part := sums(f.Sums)
		if history.Masked(f) {
			if part, err = readSums(history, f, files); err != nil {
				return total, err
			}
		}
		for kind := range total {
			total[kind].Add(&part[kind])
		}
	}
	for _, hour := range e.OpenHours() {
		merged := usage.NewMerger(&usage.Schemas{}, 0)
		addHour(e, hour.Start, merged)
		for _, row := range merged.Rows() {
			total[row.Schema.Kind].Add(&row.Measures)
		}
	}
	return total, nil
}

// readSums adds up what resets have left of a file.
func readSums(history *usage.History, f *usage.HistoryFile, files historyReader) (total sums, err error) {
	err = files.ReadHistory(*f, func(row *usage.HistoryRow) error {
		if !history.Masks(f, row) {
			total[row.Schema.Kind].Add(&row.Measures)
		}
		return nil
	})
	return total, err
}
