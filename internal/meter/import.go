package meter

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Import merges a document: of each series of each writer the most that was known
// counts. What that is more than before becomes part of the retired rows and of history,
// and is never exported: its writer has done so. A series is known by its base identity,
// because its dimensions are lost when it ends. A document that cannot be read wraps
// ErrInput and changes nothing.
func (m *Meter) Import(src io.Reader) (Merged, error) {
	d, err := readDocument(src, m.latest())
	if err != nil {
		return Merged{}, err
	}
	unlock := m.alone()
	defer unlock()
	if d.writer == m.keeping.self.Writer {
		return Merged{Skipped: len(d.series)}, nil
	}
	if err := m.refuseOverlap(d); err != nil {
		return Merged{}, err
	}
	i := m.newImport(d)
	if len(i.gained) > 0 || !m.knows(d) {
		if more := i.fresh + len(d.marks()); !m.engine.ImportedRoom(more) {
			return Merged{}, refuse("there is no room for %d more series of other writers: raise `limits.max_series`", more)
		}
		err = i.run()
	} else {
		// It may have been imported before and still not be durable.
		err = m.saveAll()
	}
	if err != nil {
		return Merged{}, fmt.Errorf("import: %w", err)
	}
	return i.merged, nil
}

// newImport finds out what is new in a document.
func (m *Meter) newImport(d *document) *importing { return m.newImportOf(d, nil) }

func (m *Meter) newImportOf(d *document, mine map[string]usage.Measures) *importing {
	i := &importing{meter: m, document: d, at: m.latest(), mine: mine}
	totals := usage.NewMerger(d.schemas, 0)
	for n := range d.series {
		totals.Add(baseRow(&d.series[n]))
	}
	gained := map[string]bool{}
	if d.byHash {
		mark := d.mark(d.writer)
		known := m.engine.Highest(&mark)
		i.whole = known.Any()
	}
	rows := totals.Rows()
	for _, row := range rows {
		if !row.Schema.Overflow() {
			i.consider(row, gained)
		}
	}
	for _, row := range rows {
		if row.Schema.Overflow() {
			i.considerRest(row, rows, gained)
		}
	}
	for n := range d.series {
		if gained[identityOf(baseRow(&d.series[n]))] {
			i.merged.Added++
		} else {
			i.merged.Skipped++
		}
	}
	return i
}

// baseRow is a row without what its series loses when it ends. Sessions that are active
// are their writer's: nobody else ever closes them.
func baseRow(row *usage.HistoryRow) *usage.HistoryRow {
	base := usage.HistoryRow{Schema: row.Schema.Bare, Values: row.Values[:row.Schema.Base], Measures: row.Measures}
	base.Opened -= base.Active()
	return &base
}

// identityOf is an identity as text.
func identityOf(row *usage.HistoryRow) string {
	var k usage.KeyBuilder
	k.Set(row.Schema, row.Values)
	return string(k.Bytes())
}

// importing is a document that is being merged.
type importing struct {
	meter    *Meter
	document *document
	at       time.Time
	merged   Merged
	highest  []usage.Imported   // that is known from now on
	gained   []usage.HistoryRow // what that is more than before
	fresh    int                // series of which nothing was known
	// whole says that the same document was imported before.
	whole bool
	// mine is what this writer has counted itself, by identity, if the document is one of
	// its own that is not a part of it.
	mine map[string]usage.Measures
}

// known is the most that is known of a writer's series.
func (i *importing) known(of *usage.Imported) usage.Measures {
	if i.mine != nil {
		return i.mine[identityOf(&of.HistoryRow)]
	}
	return i.meter.engine.Highest(of)
}

// consider compares what a document says of a series with what is known.
func (i *importing) consider(row usage.HistoryRow, gained map[string]bool) {
	known := usage.Imported{Writer: i.document.writer, HistoryRow: row}
	highest := i.known(&known)
	if i.whole {
		highest = row.Measures
	}
	more := row
	more.Measures.Subtract(&highest)
	i.note(known, more, gained)
}

// considerRest is consider for what has no identity any more: part of it may have been
// known by its own before. It is new as far as all of its kind is more than was known.
func (i *importing) considerRest(row usage.HistoryRow, rows []usage.HistoryRow, gained map[string]bool) {
	if i.document.byHash || i.mine != nil {
		// Of this writer more may be known than the document ever had: sums say nothing.
		i.consider(row, gained)
		return
	}
	more, kind := row, row.Schema.Kind
	for _, other := range rows {
		if other.Schema.Kind == kind && !other.Schema.Overflow() {
			more.Measures.Add(&other.Measures)
		}
	}
	eachImported(i.meter.engine, func(k *usage.Imported) {
		if k.Writer == i.document.writer && k.Schema.Kind == kind {
			more.Measures.Subtract(&k.Measures)
		}
	})
	for n := range i.gained {
		if i.gained[n].Schema.Kind == kind {
			more.Measures.Subtract(&i.gained[n].Measures)
		}
	}
	known := usage.Imported{Writer: i.document.writer, HistoryRow: row}
	known.Measures = i.known(&known)
	known.Measures.Add(&more.Measures)
	i.note(known, more, gained)
}

// note notes what is known from now on of a series, and what that is more than before.
func (i *importing) note(known usage.Imported, more usage.HistoryRow, gained map[string]bool) {
	if !i.document.byHash { // which one mark is enough for
		i.highest = append(i.highest, known)
		if before := i.known(&known); !before.Any() {
			i.fresh++
		}
	}
	if more.Any() {
		i.gained = append(i.gained, more)
		gained[identityOf(&more)] = true
	}
}

// run makes a document part of what was counted. It is durable when this returns nil;
// until then nothing but memory knows of it.
func (i *importing) run() error {
	m := i.meter
	i.highest = append(i.highest, i.document.marks()...)
	s := m.store()
	if s == nil {
		m.engine.Import(i.highest, i.gained, nil, nil)
		m.engine.ImportHours(i.recentHours())
		return nil
	}
	if err := i.toFiles(context.Background(), s); err != nil {
		return err
	}
	m.owe(2)
	return m.saveAll()
}

// allotment is what may still be taken of each series. What is new in a document was
// counted last: it is taken from the newest buckets.
type allotment map[string]*usage.Measures

func (i *importing) allot() allotment {
	left := allotment{}
	for n := range i.gained {
		m := i.gained[n].Measures
		left[identityOf(&i.gained[n])] = &m
	}
	return left
}

// take returns what is new of a row.
func (a allotment) take(row *usage.HistoryRow) (taken usage.HistoryRow) {
	taken = usage.HistoryRow{Schema: row.Schema, Values: row.Values}
	left, ok := a[identityOf(&usage.HistoryRow{Schema: row.Schema.Bare, Values: row.Values[:row.Schema.Base]})]
	if !ok {
		return taken
	}
	have, rest := row.Fields(), left.Fields()
	for f, into := range taken.Fields() {
		*into = min(*have[f], *rest[f])
		*rest[f] -= *into
	}
	return taken
}

// newestFirst are the buckets of the document that keep accepts.
func (d *document) newestFirst(keep func(documentBucket) bool) []documentBucket {
	list := slices.SortedFunc(maps.Keys(d.buckets), func(a, b documentBucket) int { return comparePeriods(b.Period, a.Period) })
	return slices.DeleteFunc(list, func(b documentBucket) bool { return !keep(b) })
}

// recentHours are the rows for hours that are kept in memory.
func (i *importing) recentHours() (rows []usage.HourRow) {
	left, oldest := i.allot(), i.at.Add(-inMemory).Unix()
	for _, b := range i.document.newestFirst(func(b documentBucket) bool { return b.Granularity == usage.Hourly && b.End > oldest }) {
		for n := range i.document.buckets[b] {
			if row := left.take(&i.document.buckets[b][n]); row.Any() {
				rows = append(rows, usage.HourRow{Hour: b.Start, HistoryRow: row})
			}
		}
	}
	return rows
}

// marks note whose usage is in the document beside that of its writer, and which document
// it is if it has none.
func (d *document) marks() (marks []usage.Imported) {
	for _, name := range d.includes {
		marks = append(marks, d.mark(name+within+d.writer))
	}
	if d.byHash {
		marks = append(marks, d.mark(d.writer))
	}
	return marks
}

func (d *document) mark(name string) usage.Imported {
	return usage.Imported{Writer: name, HistoryRow: usage.HistoryRow{
		Schema: d.schemas.Intern(usage.Endpoint, []string{usage.AttrOverflow}), Values: []string{"true"},
		Measures: usage.Measures{Hits: 1}, // there is one
	}}
}

// knows says whether everything in the document's list of writers is known to be in it.
func (m *Meter) knows(d *document) bool {
	known := map[string]bool{}
	eachImported(m.engine, func(i *usage.Imported) { known[i.Writer] = true })
	for _, name := range d.includes {
		if !known[name+within+d.writer] {
			return false
		}
	}
	return true
}

// refuseOverlap refuses a document with usage that is here already and cannot be told from
// the rest: that of this writer, of one whose own document was imported, or of one that
// another document had included.
func (m *Meter) refuseOverlap(d *document) (err error) {
	mine := m.keeping.self.Writer
	if slices.Contains(d.includes, mine) {
		return refuse("the document of writer %s includes usage of this one, %s: it would count twice", d.writer, mine)
	}
	eachImported(m.engine, func(i *usage.Imported) {
		name, in, included := strings.Cut(i.Writer, within)
		owner := name
		if included {
			owner = in
		}
		switch {
		case owner == d.writer: // it is compared with itself
		case name == d.writer || slices.Contains(d.includes, name):
			err = refuse("the document of writer %s has usage of writer %s, which is here already: it would count twice", d.writer, name)
		}
	})
	return err
}

// latest is the time that counts: where the clock was set back, that of the newest moment
// that was given out.
func (m *Meter) latest() time.Time {
	return time.Unix(0, max(m.clock.moment().Wall, m.engine.Totals().Wall))
}
