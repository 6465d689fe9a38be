package meter

import (
	"cmp"
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// ActiveSession is a session and whose it is.
type ActiveSession struct {
	// Kind is `endpoint` or `provider`; Service and Endpoint, or Provider, say of whom.
	Kind, Service, Endpoint, Provider string
	ID                                string
	First, Last                       time.Time
}

// sessionsPerLook is how many sessions are copied while commits wait.
const sessionsPerLook = 512

// ActiveSessions returns up to limit active sessions, oldest first. Of one that changes
// meanwhile it has what was before or after; one that begins or ends may be missing.
func (m *Meter) ActiveSessions(limit int) []ActiveSession {
	var found []engine.OwnedSession
	for from, more := 0, true; more && limit > 0; {
		found, from, more = m.engine.OwnedSessions(found, from, sessionsPerLook)
		if len(found) > limit+sessionsPerLook || !more {
			slices.SortFunc(found, func(a, b engine.OwnedSession) int {
				return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.ID, b.ID), slices.Compare(a.Values, b.Values))
			})
			found = found[:min(limit, len(found))]
		}
	}
	list := make([]ActiveSession, len(found))
	for i := range found {
		list[i] = activeSession(&found[i])
	}
	return list
}

func activeSession(s *engine.OwnedSession) ActiveSession {
	a := ActiveSession{ID: s.ID, First: time.Unix(0, s.First).UTC(), Last: time.Unix(0, s.Last).UTC()}
	named := map[string]*string{
		usage.AttrKind: &a.Kind, usage.AttrService: &a.Service, usage.AttrEndpoint: &a.Endpoint, usage.AttrProvider: &a.Provider,
	}
	for i, name := range s.Schema.Names {
		if value := named[name]; value != nil {
			*value = s.Values[i]
		}
	}
	return a
}

// TerminateSession ends all active sessions with an ID and returns how many there were.
// If usage is kept it is durable then, unless it cannot be written: see Status.
func (m *Meter) TerminateSession(id string) int {
	closed := m.engine.Terminate(id, m.clock.moment())
	if closed > 0 {
		_ = m.flush() // health knows
	}
	return closed
}
