package engine

import (
	"fmt"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// retired holds what ended series had counted, by base identity. Only a reset takes
// anything out: live and retired together are everything that was counted since.
type retired struct {
	rows    []usage.Retired
	byKey   map[usage.Key]int
	kinds   [usage.Kinds]int // rows of each
	builder usage.KeyBuilder
}

func newRetired() retired { return retired{byKey: map[usage.Key]int{}} }

// add adds to the row of a base identity or, if there is no room for it, to that
// of all those. It says whether the identity has a row that is
// new.
func (r *retired) add(row usage.Retired, f *folding) (added bool) {
	n := r.find(&row)
	if n < 0 && f.full(row.Schema, r.kinds[row.Schema.Kind]) {
		row.Schema, row.Values = f.overflow[row.Schema.Kind], []string{"true"}
		n = r.find(&row)
	}
	if n < 0 {
		r.put(row)
		return !row.Schema.Overflow()
	}
	r.rows[n].Measures.Add(&row.Measures)
	return false
}

// find returns the number of the row with an identity, -1 if there is none; its
// key is left in the builder.
func (r *retired) find(row *usage.Retired) int {
	r.builder.Set(row.Schema, row.Values)
	if n, ok := r.byKey[usage.Key(r.builder.Bytes())]; ok {
		return n
	}
	return -1
}

// put adds the row that find has not found.
func (r *retired) put(row usage.Retired) {
	r.byKey[usage.Key(r.builder.Bytes())] = len(r.rows)
	r.rows = append(r.rows, row)
	r.kinds[row.Schema.Kind]++
}

// retire ends the series in a slot, of the kind that it returns: what it counted
// becomes part of a retired row.
func (e *Engine) retire(slot uint32) usage.Kind {
	s := e.table.at(slot)
	schema := e.options.Schemas.Get(s.key.Schema())
	values := s.key.AppendValues(nil)
	e.addRetired(&usage.Retired{Schema: schema.Bare, Values: values[:schema.Base], Measures: s.measures()})
	e.history.detach(slot, schema, values)
	e.remove(slot, schema, values)
	return schema.Kind
}

// remove takes the series out of a slot.
func (e *Engine) remove(slot uint32, schema *usage.Schema, values []string) {
	e.claim(schema, values, -1)
	e.series[schema.Kind]--
	e.table.remove(slot)
	e.endings++
}

// Retire ends all series: what they counted moves to retired rows, and what
// comes next starts anew. Needed when they may have lost something, because a
// counter must never be seen to fall.
func (e *Engine) Retire() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for place := e.sessions.oldest; place != nobody; place = e.sessions.list[place].newer {
		if s := e.owner(place); s != nil {
			closed := usage.Measures{Closed: [usage.CloseReasons]int64{usage.ClosedShutdown: 1}}
			s.tallies.add(&closed)
			e.history.add(e.sessions.list[place].Owner, usage.Sessions, e.history.hourOf(e.moment.Wall), &closed)
		}
	}
	e.sessions = newSessions(e.options.SessionTTL, e.options.MaxSessions)
	for slot := range e.table.end() {
		if e.table.at(slot) != nil {
			e.retire(slot)
		}
	}
	e.clear()
	// A snapshot may have contained commits that are lost. Their numbers are given
	// out again, and what bears them then is to be booked.
	e.books.seq, e.budgets.seq = e.seq, e.seq
}

// EndMeters ends the series of the user's own meters that are not configured any
// more, by name and unit: another one may take the name. Nothing is counted yet, and
// nothing journalled: what is stored next has it so.
func (e *Engine) EndMeters(configured func(name, unit string) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for slot := range e.table.end() {
		s := e.table.at(slot)
		if s == nil || e.options.Schemas.Get(s.key.Schema()).Kind != usage.Own {
			continue
		}
		if v := s.key.AppendValues(nil); !configured(v[0], v[1]) {
			e.retire(slot)
		}
	}
}

// RestoreRetired puts a retired row from a snapshot into an engine that counts
// nothing yet.
func (e *Engine) RestoreRetired(row *usage.Retired) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(row.Schema.Names) != row.Schema.Base {
		return fmt.Errorf("retired row of %q is not of a base identity", row.Values)
	}
	e.addRetired(row)
	return nil
}

func (e *Engine) addRetired(row *usage.Retired) {
	if e.retired.add(*row, &e.folding) {
		e.claim(row.Schema, row.Values, 1)
	}
}
