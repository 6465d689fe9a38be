package engine

import (
	"fmt"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// retired holds what ended series had counted, by base identity. Nothing is
// ever taken out: live and retired together are everything that was counted.
type retired struct {
	rows    []usage.Retired
	byKey   map[usage.Key]int
	builder usage.KeyBuilder
}

func newRetired() retired { return retired{byKey: map[usage.Key]int{}} }

// add adds to the row of a base identity.
func (r *retired) add(row usage.Retired) {
	r.builder.Set(row.Schema, row.Values)
	key := usage.Key(r.builder.Bytes())
	n, ok := r.byKey[key]
	if !ok {
		r.byKey[key] = len(r.rows)
		r.rows = append(r.rows, row)
		return
	}
	r.rows[n].Measures.Add(&row.Measures)
}

// Retire ends all series: what they counted moves to retired rows, and what
// comes next starts anew. Needed when they may have lost something, because a
// counter must never be seen to fall.
func (e *Engine) Retire() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for slot := range e.table.next() {
		s := e.table.at(slot)
		kind := e.options.Schemas.Get(s.key.Schema()).Kind
		base := usage.BaseNames(kind)
		e.retired.add(usage.Retired{
			Schema:   e.options.Schemas.Intern(kind, base),
			Values:   s.key.AppendValues(nil)[:len(base)],
			Measures: s.measures(),
		})
	}
	e.clear()
	// A snapshot may have contained commits that are lost. Their numbers are given
	// out again, and what bears them then is to be booked.
	e.books.seq = e.seq
}

// RestoreRetired puts a retired row from a snapshot into an engine that counts
// nothing yet.
func (e *Engine) RestoreRetired(row *usage.Retired) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(row.Schema.Names) != len(usage.BaseNames(row.Schema.Kind)) {
		return fmt.Errorf("retired row of %q is not of a base identity", row.Values)
	}
	e.claim(row.Schema.Kind, row.Values)
	e.retired.add(*row)
	return nil
}
