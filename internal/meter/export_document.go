package meter

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Export writes everything that was counted as a document that Import reads. Counting
// goes on meanwhile; what ends waits, so that nothing is in the document twice.
func (m *Meter) Export(w io.Writer) error {
	d := documentWriter{
		engine: m.engine, calendar: m.options.History.calendar(), files: m.files(),
		head: documentHead{Writer: m.keeping.self.Writer, Processor: m.id.String(), ExportedAt: now().UTC()},
	}
	m.steady.RLock()
	err := d.write(w)
	m.steady.RUnlock()
	return m.noteDamage(&d.read, err)
}

// documentHead is what a document begins with.
type documentHead struct {
	ExportedAt time.Time
	Writer     string
	Processor  string
}

// documentWriter writes a document row by row. Nothing may end meanwhile.
type documentWriter struct {
	engine   *engine.Engine
	calendar *usage.Calendar
	files    historyReader // nil: there are none
	head     documentHead

	out  *bufio.Writer
	err  error             // the first one; nothing is written after it
	rows int               // written to the list that is open
	read usage.HistoryFile // the newest one
}

func (d *documentWriter) write(w io.Writer) error {
	d.out = bufio.NewWriter(w)
	d.put(`{"version":%d,"exported_at":%s`, documentVersion, text(d.head.ExportedAt.Format(time.RFC3339)))
	if d.head.Writer != "" {
		d.put(`,"writer":%s`, text(d.head.Writer))
	}
	if d.head.Processor != "" {
		d.put(`,"processor":%s`, text(d.head.Processor))
	}
	d.put(`,"includes":[`)
	d.writeIncludes()
	d.put(`],"usage":{"series":[`)
	d.writeLive()
	d.writeRetired()
	d.put(`],"history":[`)
	d.writeDetached()
	d.writeFiles()
	d.put("]}}\n")
	if d.err == nil {
		d.err = d.out.Flush()
	}
	return d.err
}

func (d *documentWriter) put(format string, args ...any) {
	if d.err != nil {
		return
	}
	_, d.err = fmt.Fprintf(d.out, format, args...)
	d.rows = 0
}

// row writes a row of the list that is open, on a line of its own.
func (d *documentWriter) row(v any) {
	data, err := json.Marshal(v)
	if err != nil && d.err == nil {
		d.err = err
	}
	separator := ",\n"
	if d.rows == 0 {
		separator = "\n"
	}
	rows := d.rows + 1
	d.put("%s%s", separator, data)
	d.rows = rows
}

// text is a string as JSON.
func text(s string) []byte {
	data, _ := json.Marshal(s) // never fails: it is a string
	return data
}

// writeIncludes writes whose documents the usage is of, beside the writer's own.
func (d *documentWriter) writeIncludes() {
	for _, writer := range importedWriters(d.engine) {
		d.row(writer)
	}
}

// writeLive writes the series with their hours: the two are copied at once.
func (d *documentWriter) writeLive() {
	var rows []usage.Row
	for from, more := uint32(0), true; more && d.err == nil; {
		rows, from, more = d.engine.StoredRows(rows[:0], from, rowsPerLook)
		for i := range rows {
			row := documentRowOf(rows[i].Schema, rows[i].Values, &rows[i].Measures)
			for n := range rows[i].Hours {
				h := &rows[i].Hours[n]
				row.Hours = append(row.Hours, documentHour{Start: h.Hour, End: d.endOf(h.Hour), Measures: documentMeasuresOf(&h.Measures)})
			}
			d.row(row)
		}
	}
}

// endOf is when an hour ends; one of another zone is a whole one.
func (d *documentWriter) endOf(start int64) int64 {
	if begins, end := d.calendar.Hour(start); begins == start {
		return end
	}
	return start + int64(time.Hour/time.Second)
}

func (d *documentWriter) writeRetired() {
	var rows []usage.Retired
	for from, more := 0, true; more && d.err == nil; from += len(rows) {
		rows, more = d.engine.Retired(rows[:0], from, rowsPerLook)
		for i := range rows {
			d.row(documentRowOf(rows[i].Schema, rows[i].Values, &rows[i].Measures))
		}
	}
}

// writeDetached writes what series that have ended had counted in hours that are not
// over.
func (d *documentWriter) writeDetached() {
	var rows []usage.HourRow
	for from, more := 0, true; more && d.err == nil; from += len(rows) {
		rows, more = d.engine.Detached(rows[:0], from, rowsPerLook)
		for i := range rows {
			p := usage.Period{Granularity: usage.Hourly, Start: rows[i].Hour, End: d.endOf(rows[i].Hour)}
			d.bucket(p, false, func(put func(*usage.HistoryRow)) error {
				put(&rows[i].HistoryRow)
				return nil
			})
		}
	}
}

func (d *documentWriter) writeFiles() {
	if d.files == nil {
		return
	}
	history := d.engine.History()
	for i := range history.Files {
		if d.err != nil {
			return
		}
		f := &history.Files[i]
		d.read = *f
		d.bucket(f.Period, history.Rolled(f), func(put func(*usage.HistoryRow)) error {
			return d.files.ReadHistory(*f, func(row *usage.HistoryRow) error {
				if !history.Masks(f, row) {
					put(row)
				}
				return d.err
			})
		})
	}
}

// bucket writes an hour or a day with its rows.
func (d *documentWriter) bucket(p usage.Period, rolled bool, rows func(put func(*usage.HistoryRow)) error) {
	if d.err != nil {
		return
	}
	buckets := d.rows + 1
	if buckets > 1 {
		d.put(",")
	}
	d.put("\n"+`{"granularity":%q,"start":%d,"end":%d,"rolled":%t,"rows":[`, p.Granularity.String(), p.Start, p.End, rolled)
	err := rows(func(row *usage.HistoryRow) { d.row(documentRowOf(row.Schema, row.Values, &row.Measures)) })
	if d.err == nil {
		d.err = err
	}
	d.put("]}")
	d.rows = buckets
}

// rowsPerLook is how many rows are copied while commits wait.
const rowsPerLook = 512
