package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// activeSessions says whether the owner that a series is about has any.
func (e *Engine) activeSessions(s *series) bool {
	if s.tallies != nil {
		m := s.measures()
		return m.Active() > 0
	}
	schema := e.options.Schemas.Get(s.key.Schema())
	if schema.Overflow() || e.sessions.active == 0 {
		return false
	}
	values := s.key.AppendValues(nil)
	k, owner := &e.table.builder, e.owners[schema.Kind]
	if schema.Kind == usage.Endpoint {
		k.Set(owner, []string{schema.Kind.String(), values[0], values[2]})
	} else {
		k.Set(owner, []string{schema.Kind.String(), values[1]})
	}
	slot, ok := e.table.find(k.Bytes(), e.options.Hasher.Sum(k.Bytes()))
	if !ok {
		return false
	}
	m := e.table.at(slot).measures()
	return m.Active() > 0
}

// recallSession makes a session what a commit has left; replay does.
func (e *Engine) recallSession(s *usage.Session) {
	hash := e.options.Hasher.Sum([]byte(s.ID))
	if place, _ := e.sessions.find(s.Owner, hash, []byte(s.ID)); place != nobody {
		e.sessions.remove(place)
	}
	if !s.Ended {
		e.sessions.add(*s, hash)
	}
}

// owner is the series that counts a session; nil if there is none.
func (e *Engine) owner(place int32) *series {
	if s := e.table.at(e.sessions.list[place].Owner); s != nil && s.tallies != nil {
		return s
	}
	return nil
}

// orderSessions puts restored sessions into order, and leaves out those whose owner
// is not among the series.
func (e *Engine) orderSessions() {
	for place := e.sessions.oldest; place != nobody; {
		next := e.sessions.list[place].newer
		if e.owner(place) == nil {
			e.sessions.remove(place)
		}
		place = next
	}
	e.sessions.order()
}

// RestoreSessions puts sessions from a snapshot into an engine that counts nothing
// yet.
func (e *Engine) RestoreSessions(list []usage.Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range list {
		e.recallSession(&list[i])
	}
}

// Sessions copies up to limit active sessions, from a place on, and returns the
// place to go on with.
func (e *Engine) Sessions(dst []usage.Session, from, limit int) (out []usage.Session, next int, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.sessions.list
	end := min(from+limit, len(all))
	for i := from; i < end; i++ {
		if all[i].ID != "" {
			dst = append(dst, all[i].Session)
		}
	}
	return dst, end, end < len(all)
}
