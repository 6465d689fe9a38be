package engine

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// imports are the most that is known of each series of each other writer, in the order
// in which they became known.
type imports struct {
	list  []*usage.Imported
	index map[string]int // into list, by importKey
}

func newImports() imports { return imports{index: map[string]int{}} }

// importKey says what a writer's series is in words: documents have schemas of their own.
func importKey(i *usage.Imported) string {
	key := appendText(nil, i.Writer)
	key = append(key, byte(i.Schema.Kind))
	for n, name := range i.Schema.Names {
		key = appendText(appendText(key, name), i.Values[n])
	}
	return string(key)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// raise notes what is known of a series, if that is more than before.
func (t *imports) raise(i *usage.Imported, schemas *usage.Schemas) {
	key := importKey(i)
	n, known := t.index[key]
	if !known {
		n = len(t.list)
		t.index[key] = n
		t.list = append(t.list, &usage.Imported{Writer: i.Writer, HistoryRow: usage.HistoryRow{
			Schema: schemas.Intern(i.Schema.Kind, i.Schema.Names), Values: slices.Clone(i.Values),
		}})
	}
	more := i.Fields()
	for f, have := range t.list[n].Fields() {
		*have = max(*have, *more[f])
	}
}

// ImportedRoom says whether so many series of other writers may become known. They are
// kept for ever, because what is imported again must not count.
func (e *Engine) ImportedRoom(more int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	limit := e.options.Limits.MaxSeries
	return limit == 0 || len(e.imports.list)+more <= importsPerSeries*limit
}

// importsPerSeries is how many series of other writers may be known for each that may be
// live.
const importsPerSeries = 4

// Highest returns what is known of a writer's series.
func (e *Engine) Highest(i *usage.Imported) (m usage.Measures) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n, known := e.imports.index[importKey(i)]; known {
		m = e.imports.list[n].Measures
	}
	return m
}

// importsPerLock bounds how many rows are taken while commits wait.
const importsPerLock = 256

// Import takes what other writers have counted: the most that is known of their series
// now, what that is more than before, and the files that have it by time. What is in no
// file has no hour. Snapshots are excluded, and the next one makes it last; commits are
// not, and buckets and what is in none are all that was counted after each part.
func (e *Engine) Import(highest []usage.Imported, retired []usage.HistoryRow, remove []uint64, add []usage.HistoryFile) {
	for part := range slices.Chunk(highest, importsPerLock) {
		e.raise(part)
	}
	for part := range slices.Chunk(retired, importsPerLock) {
		e.importRetired(part)
	}
	if len(remove)+len(add) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.history.state = e.history.state.Exchange(remove, add)
	e.history.forgetErased()
}

func (e *Engine) raise(highest []usage.Imported) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range highest {
		e.imports.raise(&highest[i], e.options.Schemas)
	}
}

func (e *Engine) importRetired(rows []usage.HistoryRow) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range rows {
		r := &rows[i]
		// Dimensions are lost when a series ends.
		schema := e.options.Schemas.Intern(r.Schema.Kind, r.Schema.Names[:r.Schema.Base])
		e.addRetired(&usage.Retired{Schema: schema, Values: slices.Clone(r.Values[:schema.Base]), Measures: r.Measures})
		m := withoutOwed(r.Measures)
		e.history.state.Gone[schema.Kind].Add(&m)
	}
}

// Imported copies up to limit of what is known of other writers' series, from number
// from on, as Retired does.
func (e *Engine) Imported(dst []usage.Imported, from, limit int) (out []usage.Imported, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.imports.list
	end := min(from+limit, len(all))
	for _, i := range all[min(from, end):end] {
		dst = append(dst, *i)
	}
	return dst, end < len(all)
}

// RestoreImported puts what a snapshot has of other writers' series into an engine that
// counts nothing yet.
func (e *Engine) RestoreImported(list []usage.Imported) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range list {
		if len(list[i].Values) != len(list[i].Schema.Names) {
			return fmt.Errorf("imported series %q has %d dimensions", list[i].Values, len(list[i].Schema.Names))
		}
		e.imports.raise(&list[i], e.options.Schemas)
	}
	return nil
}
