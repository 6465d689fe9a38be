package engine

import "github.com/otelusage/usageprocessor/internal/usage"

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
	if s := e.table.at(e.sessions.list[place].Owner); s != nil && e.kindOf(s) == usage.Sessions {
		return s
	}
	return nil
}

// orderSessions puts restored sessions into order, and leaves out those that their
// owner's series does not know of.
func (e *Engine) orderSessions() {
	known := map[*series]int64{}
	for place := e.sessions.oldest; place != nobody; {
		next := e.sessions.list[place].newer
		if s := e.owner(place); s == nil || known[s] >= s.tallies.active() {
			e.sessions.remove(place)
		} else {
			known[s]++
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
