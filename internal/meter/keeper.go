package meter

import (
	"errors"
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// filesPerUpkeep bounds how long flushes wait for files that are written: the rest is
// for the next time.
const filesPerUpkeep = 100

// keeper is one time that history is kept. The engine's series do not end and no
// snapshot is taken meanwhile.
type keeper struct {
	meter  *Meter
	store  *store
	at     time.Time
	budget int // of files that may still be written
}

func (k *keeper) keep() error {
	for _, step := range []func() error{k.fileHours, k.applyResets, k.rollDays, k.dropOld} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// fileHours writes hours that are over to files.
func (k *keeper) fileHours() error {
	e := k.meter.engine
	for _, hour := range e.CloseHours(k.at.UnixNano()) {
		sum := k.merger()
		addHour(e, hour.Start, sum)
		f, err := k.write(hour, sum)
		if err != nil {
			return err
		}
		e.FileHour(f)
		k.meter.owe(1)
	}
	return nil
}

func (k *keeper) merger() *usage.Merger {
	return usage.NewMerger(&usage.Schemas{}, k.meter.options.MaxSeries)
}

// write writes a file.
func (k *keeper) write(p usage.Period, sum *usage.Merger) (usage.HistoryFile, error) {
	rows := sum.Rows()
	return k.store.journal.WriteHistory(p, func(put func(*usage.HistoryRow) error) error {
		for i := range rows {
			if err := put(&rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// rewrite replaces files by one that has what counts in them and in others, which stay.
func (k *keeper) rewrite(list *usage.History, p usage.Period, replaced, others []usage.HistoryFile) error {
	k.budget--
	sum := k.merger()
	for _, f := range slices.Concat(replaced, others) {
		if again, err := k.read(list, &f, sum); again || err != nil {
			return err
		}
	}
	var add []usage.HistoryFile
	if len(sum.Rows()) > 0 || len(others) > 0 {
		f, err := k.write(p, sum)
		if err != nil {
			return err
		}
		add = append(add, f)
	}
	k.meter.engine.ReplaceFiles(numbersOf(replaced), add)
	k.meter.owe(1)
	return nil
}

// read adds up what counts in a file. A damaged one is no part of history any more: what
// was to be made of it is made the next time, without it.
func (k *keeper) read(list *usage.History, f *usage.HistoryFile, sum *usage.Merger) (again bool, err error) {
	err = k.store.journal.ReadHistory(*f, func(row *usage.HistoryRow) error {
		if !list.Masks(f, row) {
			sum.Add(row)
		}
		return nil
	})
	if damaged := (*journal.CorruptError)(nil); errors.As(err, &damaged) {
		k.meter.setAside(f, damaged)
		return true, nil
	}
	return false, err
}

func numbersOf(files []usage.HistoryFile) (numbers []uint64) {
	for i := range files {
		numbers = append(numbers, files[i].Number)
	}
	return numbers
}

// applyResets writes anew what resets have left of files, so that their sums are those of
// what counts. Hours that are rolled stay as they are: their sums do not matter.
func (k *keeper) applyResets() error {
	for k.budget > 0 {
		list := k.meter.engine.History()
		n := slices.IndexFunc(list.Files, func(f usage.HistoryFile) bool { return list.Masked(&f) && !list.Rolled(&f) })
		if n < 0 {
			return nil
		}
		f := list.Files[n]
		var others []usage.HistoryFile
		if f.Granularity == usage.Daily {
			// A day that is newer than an hour in it has that hour.
			others = unrolled(&list, f.Period)
		}
		if err := k.rewrite(&list, f.Period, []usage.HistoryFile{f}, others); err != nil {
			return err
		}
	}
	return nil
}

// unrolled are the hours of a day that are in no day's file.
func unrolled(list *usage.History, day usage.Period) (hours []usage.HistoryFile) {
	for i := range list.Files {
		f := &list.Files[i]
		if f.Granularity == usage.Hourly && day.Start <= f.Start && f.Start < day.End && !list.Rolled(f) {
			hours = append(hours, *f)
		}
	}
	return hours
}

// rollDays makes days of hours, once all of them have files.
func (k *keeper) rollDays() error {
	e := k.meter.engine
	list := e.History()
	done := map[usage.Period]bool{}
	for i := range list.Files {
		f := &list.Files[i]
		day := dayOf(k.meter.options.History.calendar(), f.Start)
		if f.Granularity != usage.Hourly || done[day] || list.Rolled(f) || k.budget <= 0 || !k.over(&list, day) {
			continue
		}
		done[day] = true
		if err := k.rewrite(&list, day, nil, unrolled(&list, day)); err != nil {
			return err
		}
	}
	return nil
}

// over says whether nothing is added to a day any more.
func (k *keeper) over(list *usage.History, day usage.Period) bool {
	if list.ClosedUntil < day.End {
		return false
	}
	for _, hour := range k.meter.engine.OpenHours() {
		if day.Start <= hour.Start && hour.Start < day.End {
			return false
		}
	}
	return true
}

// dropOld drops hours and days that were kept for long enough: hours first, as long as it
// can be seen which of them are in days. What a reset concerns is written anew first.
func (k *keeper) dropOld() error {
	o := &k.meter.options.History
	for _, of := range []struct {
		granularity usage.Granularity
		kept        time.Duration
	}{{usage.Hourly, o.Hourly}, {usage.Daily, o.Daily}} {
		list := k.meter.engine.History()
		for i := range list.Files {
			f := &list.Files[i]
			if f.Granularity == of.granularity && k.old(f, of.kept) && (list.Rolled(f) || !list.Masked(f)) {
				k.meter.dropFile(f, &list)
			}
		}
	}
	return nil
}

func (k *keeper) old(f *usage.HistoryFile, kept time.Duration) bool {
	return kept > 0 && f.End <= k.at.Add(-kept).Unix()
}
