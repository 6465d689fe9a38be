package meter

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// foundDocument makes a document of a state as Export would write it, and Import read it.
type foundDocument struct {
	*document
	found *found
	local map[*usage.Schema]*usage.Schema // of the document, by those of rows
}

func (f *found) document(ctx context.Context) (*document, error) {
	d := foundDocument{
		document: &document{
			writer: f.Writer, includes: importedWriters(f.engine), schemas: &usage.Schemas{},
			buckets: map[documentBucket][]usage.HistoryRow{},
		},
		found: f, local: map[*usage.Schema]*usage.Schema{},
	}
	d.addLive()
	d.addRetired()
	d.addDetached()
	return d.document, d.addFiles(ctx)
}

func (d *foundDocument) addLive() {
	var rows []usage.Row
	for from, more := uint32(0), true; more; {
		rows, from, more = d.found.engine.StoredRows(rows[:0], from, rowsPerLook)
		for i := range rows {
			r := &rows[i]
			d.addSeries(r.Schema, r.Values, r.Measures)
			for n := range r.Hours {
				d.addHour(r.Hours[n].Hour, &usage.HistoryRow{Schema: r.Schema, Values: r.Values, Measures: r.Hours[n].Measures})
			}
		}
	}
}

func (d *foundDocument) addRetired() {
	var rows []usage.Retired
	for from, more := 0, true; more; from += len(rows) {
		rows, more = d.found.engine.Retired(rows[:0], from, rowsPerLook)
		for i := range rows {
			d.addSeries(rows[i].Schema, rows[i].Values, rows[i].Measures)
		}
	}
}

func (d *foundDocument) addDetached() {
	var rows []usage.HourRow
	for from, more := 0, true; more; from += len(rows) {
		rows, more = d.found.engine.Detached(rows[:0], from, rowsPerLook)
		for i := range rows {
			d.addHour(rows[i].Hour, &rows[i].HistoryRow)
		}
	}
}

// addFiles reads the files of history. A damaged one is left out: what it held is in the
// totals.
func (d *foundDocument) addFiles(ctx context.Context) error {
	list := d.found.engine.History()
	for i := range list.Files {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		f := &list.Files[i]
		var rows []usage.HistoryRow
		err := d.found.to.journal.ReadHistory(*f, func(row *usage.HistoryRow) error {
			if !list.Masks(f, row) {
				rows = append(rows, d.row(row))
			}
			return nil
		})
		if damaged := (*journal.CorruptError)(nil); errors.As(err, &damaged) {
			d.found.meter.log.Error("A file of history is damaged and is moved to `quarantine`", zap.Error(err))
			continue
		}
		if err != nil {
			return err
		}
		b := documentBucket{f.Period, list.Rolled(f)}
		d.buckets[b] = append(d.buckets[b], rows...)
	}
	return nil
}

func (d *foundDocument) addSeries(schema *usage.Schema, values []string, m usage.Measures) {
	m.InputOwed, m.OutputOwed = 0, 0
	d.series = append(d.series, d.row(&usage.HistoryRow{Schema: schema, Values: values, Measures: m}))
}

func (d *foundDocument) addHour(start int64, row *usage.HistoryRow) {
	_, end := d.found.meter.options.History.calendar().Hour(start)
	b := documentBucket{usage.Period{Granularity: usage.Hourly, Start: start, End: end}, false}
	d.buckets[b] = append(d.buckets[b], d.row(row))
}

// row copies a row; its schema is one of the document.
func (d *foundDocument) row(r *usage.HistoryRow) usage.HistoryRow {
	schema, known := d.local[r.Schema]
	if !known {
		schema = d.schemas.Intern(r.Schema.Kind, r.Schema.Names)
		d.local[r.Schema] = schema
	}
	values := slices.Clone(r.Values)
	for i := range values {
		values[i] = strings.Clone(values[i])
	}
	return usage.HistoryRow{Schema: schema, Values: values, Measures: r.Measures}
}
