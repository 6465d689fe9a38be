package journal

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// pass lets time pass until the hour that goes on is closed, and does what a meter does
// then.
func (k *kept) pass() error {
	k.wall += 2 * int64(time.Hour)
	if err := k.fileHours(); err != nil {
		return err
	}
	return k.rollUp()
}

// fileHours writes the hours that are over to files.
func (k *kept) fileHours() error {
	for _, p := range k.CloseHours(k.wall) {
		f, err := k.journal.WriteHistory(p, func(put func(*usage.HistoryRow) error) error { return k.hourRows(p.Start, put) })
		if err != nil {
			return err
		}
		k.FileHour(f)
	}
	return nil
}

// hourRows calls visit with all rows of an hour in memory.
func (k *kept) hourRows(hour int64, visit func(*usage.HistoryRow) error) error {
	var rows []usage.HistoryRow
	for next, more := 0, true; more; {
		rows, next, more = k.HourRows(rows[:0], hour, next, 2)
		for i := range rows {
			if err := visit(&rows[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// rollUp makes two hours what a meter makes of a day, and drops all but one of those.
func (k *kept) rollUp() error {
	h := k.History()
	var rolled, hours, days []usage.HistoryFile
	for i := range h.Files {
		switch f := &h.Files[i]; {
		case h.Rolled(f):
			rolled = append(rolled, *f)
		case f.Granularity == usage.Hourly:
			hours = append(hours, *f)
		default:
			days = append(days, *f)
		}
	}
	k.drop(rolled)
	if len(days) > 1 {
		k.drop(days[:1])
	}
	if len(hours) < 2 {
		return nil
	}
	day, err := k.journal.WriteHistory(
		usage.Period{Granularity: usage.Daily, Start: hours[0].Start, End: hours[1].End},
		func(put func(*usage.HistoryRow) error) error {
			return errors.Join(k.journal.ReadHistory(hours[0], put), k.journal.ReadHistory(hours[1], put))
		})
	if err == nil {
		k.ReplaceFiles(nil, []usage.HistoryFile{day})
	}
	return err
}

func (k *kept) drop(list []usage.HistoryFile) {
	numbers := make([]uint64, 0, len(list))
	for i := range list {
		numbers = append(numbers, list[i].Number)
	}
	k.DropFiles(numbers)
}

// bucket is what was counted in a period, by kind.
type bucket struct {
	usage.Period
	sums [usage.Kinds]usage.Measures
}

// buckets are all hours in memory, and all files as they are read, but hours of which a
// day has everything.
func (k *kept) buckets() (list []bucket, err error) {
	for _, p := range k.OpenHours() {
		b := bucket{Period: p}
		_ = k.hourRows(p.Start, b.add)
		list = append(list, b)
	}
	h := k.History()
	for i := range h.Files {
		b := bucket{Period: h.Files[i].Period}
		if err := k.journal.ReadHistory(h.Files[i], b.add); err != nil {
			return nil, err
		}
		if !h.Rolled(&h.Files[i]) {
			list = append(list, b)
		}
	}
	return list, nil
}

func (b *bucket) add(r *usage.HistoryRow) error {
	b.sums[r.Schema.Kind].Add(&r.Measures)
	return nil
}

// balance says whether what was counted is what all buckets have, and what is gone of
// them. An error of a file that cannot be read is that of reading it.
func (k *kept) balance() error {
	all, err := k.buckets()
	if err != nil {
		return err
	}
	return k.balanceOf(all)
}

func (k *kept) balanceOf(all []bucket) error {
	have := k.History().Gone
	for i := range all {
		for kind := range have {
			have[kind].Add(&all[i].sums[kind])
		}
	}
	if counted := k.counted(); have != counted {
		return fmt.Errorf("history has %+v of %+v", have, counted)
	}
	return nil
}

// counted is everything that was counted, but for what is owed, by kind.
func (k *kept) counted() (sums [usage.Kinds]usage.Measures) {
	rows, _, _ := k.Rows(nil, 0, math.MaxInt32)
	for i := range rows {
		sums[rows[i].Schema.Kind].Add(&rows[i].Measures)
	}
	retired, _ := k.Retired(nil, 0, math.MaxInt32)
	for i := range retired {
		sums[retired[i].Schema.Kind].Add(&retired[i].Measures)
	}
	for kind := range sums {
		sums[kind].InputOwed, sums[kind].OutputOwed = 0, 0
	}
	return sums
}

// told is all of history in words, but for what is in files.
func (k *kept) told() string {
	h := k.History()
	text := []string{fmt.Sprintf("%+v", h)}
	for _, p := range k.OpenHours() {
		var rows []string
		_ = k.hourRows(p.Start, func(r *usage.HistoryRow) error {
			rows = append(rows, fmt.Sprintf("%+v %q %+v", p, r.Values, r.Measures))
			return nil
		})
		slices.Sort(rows)
		text = append(text, rows...)
	}
	return strings.Join(text, "\n")
}
