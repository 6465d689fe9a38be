package meter

import (
	"context"
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// toFiles writes what is new to files of history, and lets it count.
func (i *importing) toFiles(ctx context.Context, s *store) error {
	k := &keeper{meter: i.meter, store: s, at: i.at, budget: filesPerUpkeep}
	days, hours, detail := i.buckets()
	for _, b := range days {
		if err := i.rollBefore(k, b.Period); err != nil {
			return err
		}
	}
	// A day has the hours that had a file before it, and no other ones.
	var files [3][]usage.HistoryFile
	for n, list := range [][]importBucket{detail, days, hours} {
		var err error
		if files[n], err = i.write(ctx, k, list); err != nil {
			return err
		}
	}
	added := usage.History{Files: files[1]}
	rolled := slices.DeleteFunc(files[0], func(f usage.HistoryFile) bool { return !added.Rolled(&f) })
	i.meter.engine.Import(i.highest, i.gained, nil, slices.Concat(rolled, files[1], files[2]))
	return nil
}

// importBucket is what goes into one file.
type importBucket struct {
	usage.Period
	sum *usage.Merger
}

// buckets are what counts, and the hours that are rolled into days.
func (i *importing) buckets() (days, hours, detail []importBucket) {
	counting := i.fill(func(b documentBucket) (usage.Period, bool) {
		if b.rolled {
			return usage.Period{}, false
		}
		if b.Granularity == usage.Hourly && i.old(b.Period, i.meter.options.History.Hourly) {
			b.Period = dayOf(i.meter.options.History.calendar(), b.Start)
		}
		return b.Period, !i.old(b.Period, i.meter.options.History.Daily)
	}, func(documentBucket) bool { return true })
	detail = i.fill(func(b documentBucket) (usage.Period, bool) {
		return b.Period, b.Granularity == usage.Hourly && !i.old(b.Period, i.meter.options.History.Hourly)
	}, func(b documentBucket) bool { return b.rolled })
	for _, b := range counting {
		if b.Granularity == usage.Daily {
			days = append(days, b)
		} else {
			hours = append(hours, b)
		}
	}
	return days, hours, detail
}

func (i *importing) old(p usage.Period, kept time.Duration) bool {
	return kept > 0 && p.End <= i.at.Add(-kept).Unix()
}

// fill takes what is new from the buckets that have a place, newest first, and returns
// those of which wanted says so.
func (i *importing) fill(place func(documentBucket) (usage.Period, bool), wanted func(documentBucket) bool) (list []importBucket) {
	left, at := i.allot(), map[usage.Period]int{}
	for _, b := range i.document.newestFirst(func(b documentBucket) bool { _, ok := place(b); return ok }) {
		rows := i.document.buckets[b]
		period, _ := place(b)
		for n := range rows {
			row := left.take(&rows[n])
			if !wanted(b) || !row.Any() {
				continue
			}
			if _, ok := at[period]; !ok {
				at[period] = len(list)
				list = append(list, importBucket{period, usage.NewMerger(i.document.schemas, i.meter.options.MaxSeries)})
			}
			list[at[period]].sum.Add(&row)
		}
	}
	return list
}

func (*importing) write(ctx context.Context, k *keeper, list []importBucket) (files []usage.HistoryFile, err error) {
	for _, b := range list {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		f, err := k.write(b.Period, b.sum)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// rollBefore makes a day of the hours that would be taken for a part of an imported one.
func (*importing) rollBefore(k *keeper, p usage.Period) error {
	if p.Granularity != usage.Daily {
		return nil
	}
	for {
		list := k.meter.engine.History()
		hours := unrolled(&list, p)
		if len(hours) == 0 {
			return nil
		}
		if err := k.rewrite(&list, p, nil, hours); err != nil {
			return err
		}
	}
}
