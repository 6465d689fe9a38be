package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// OwnedSession is an active session with the identity of the series that counts it.
type OwnedSession struct {
	usage.Session
	Schema *usage.Schema
	Values []string
}

// OwnedSessions is Sessions with whose they are.
func (e *Engine) OwnedSessions(dst []OwnedSession, from, limit int) (out []OwnedSession, next int, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.sessions.list
	end := min(from+limit, len(all))
	for place := from; place < end; place++ {
		owner := e.owner(int32(place))
		if all[place].ID == "" || owner == nil {
			continue
		}
		dst = append(dst, OwnedSession{
			Session: all[place].Session, Schema: e.options.Schemas.Get(owner.key.Schema()), Values: owner.key.AppendValues(nil),
		})
	}
	return dst, end, end < len(all)
}
