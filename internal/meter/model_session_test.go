package meter

import (
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelTouch is what a record tells of a session.
type modelTouch struct {
	owner       string // series of its owner's sessions; empty: of whoever has it
	id          string // empty: there is none
	activity    usage.Activity
	first, last int64 // Unix ns
}

// newTouch is that of a record which took a time and ended at one. What ended in the
// future, or more than a week ago, ended now.
func newTouch(owner, id string, activity usage.Activity, end, duration, now int64) modelTouch {
	if end > now || end < now-int64(7*24*time.Hour) {
		end = now
	}
	return modelTouch{owner: owner, id: id, activity: activity, first: end - duration, last: end}
}

// ofOutcome is what a call or a request tells of its session.
func ofOutcome(added *modelSeries) usage.Activity {
	if added.Requests[usage.Success] > 0 {
		return usage.Succeeded
	}
	return usage.Failed
}

func ofProvider(provider string) string { return "session |provider|" + provider }

func ofEndpoint(service, endpoint string) string {
	return "session |endpoint|" + service + "|" + endpoint
}

// ownerKind is the kind of an owner, empty for whoever has a session.
func ownerKind(owner string) string {
	_, values, _ := strings.Cut(owner, "|")
	kind, _, _ := strings.Cut(values, "|")
	return kind
}

// modelSessionID tells sessions apart.
type modelSessionID struct {
	owner string // series
	id    string
}

// modelSession is an active session, or one that a commit ends.
type modelSession struct {
	first, last int64 // Unix ns
	touched     int64 // age of the state
	started     bool
	ended       bool
}

// active are the sessions as a commit has left them so far.
func (m *model) active(c *modelCommit) map[modelSessionID]modelSession {
	active := map[modelSessionID]modelSession{}
	for _, some := range []map[modelSessionID]modelSession{m.live.sessions, c.sessions} {
		for id, s := range some {
			if active[id] = s; s.ended {
				delete(active, id)
			}
		}
	}
	return active
}

// touch lets counted records tell of their sessions.
func (m *model) touch(r *modelReading, c *modelCommit) {
	for i := range r.records {
		record := &r.records[i]
		switch {
		case record.touch.id == "":
		case record.verdict == usage.Counted:
			m.tell(record, c)
		case record.verdict == usage.Duplicate:
			record.see("session of a duplicate")
		}
	}
}

func (m *model) tell(record *modelRecord, c *modelCommit) {
	t := &record.touch
	if t.owner == "" {
		for id, s := range m.active(c) {
			if id.id == t.id {
				m.endSession(record, c, id, s)
			}
		}
		return
	}
	id := modelSessionID{m.ownerOf(c, t.owner), t.id}
	s, active := m.active(c)[id]
	if active && m.isOverdue(s, c.age) {
		c.closeSession(id, s, usage.ClosedExpired)
		record.see("session expired at its next activity")
		active = false
	}
	switch {
	case !active && t.activity == usage.Ended:
	case !active:
		m.openSession(record, c)
	case t.activity == usage.Ended:
		m.endSession(record, c, id, s)
	case t.activity == usage.Failed:
		record.see("failure in an active session")
	case t.activity == usage.Started && s.started:
		c.closeSession(id, s, usage.ClosedDuplicate)
		record.see("session started again")
		m.openSession(record, c)
	default:
		s.first, s.last, s.touched = min(s.first, t.first), max(s.last, t.last), c.age
		s.started = s.started || t.activity == usage.Started
		c.sessions[id] = s
		record.see("session slides")
	}
}

// ownerOf is the series that may have the sessions of an owner: those for which
// there was no room share one.
func (m *model) ownerOf(c *modelCommit, owner string) string {
	if shared := overflowOf(kindOf(owner)); !m.has(c, owner) && m.has(c, shared) {
		return shared
	}
	return owner
}

func (m *model) isOverdue(s modelSession, age int64) bool {
	return s.touched+int64(m.bounds.ttl) <= age
}

// expireSessions ends what was not heard of for the ttl.
func (m *model) expireSessions(c *modelCommit) {
	for id, s := range m.active(c) {
		if m.isOverdue(s, c.age) {
			c.closeSession(id, s, usage.ClosedExpired)
		}
	}
}

// openSession opens one, if there is room. A failure alone is one that has ended.
func (m *model) openSession(record *modelRecord, c *modelCommit) {
	t := &record.touch
	if len(m.active(c)) >= m.bounds.sessions {
		m.expireSessions(c)
	}
	if len(m.active(c)) >= m.bounds.sessions {
		record.see("session for which there is no room")
		return
	}
	id := modelSessionID{m.place(c, t.owner), t.id}
	if id.owner != t.owner {
		record.see("session of a folded owner")
	}
	c.tally(id.owner).Opened++
	s := modelSession{first: t.first, last: t.last, touched: c.age, started: t.activity == usage.Started}
	if t.activity == usage.Failed {
		c.closeSession(id, s, usage.ClosedFailed)
		record.see("session of a failure")
		return
	}
	c.sessions[id] = s
	record.see("session")
}

func (m *model) endSession(record *modelRecord, c *modelCommit, id modelSessionID, s modelSession) {
	reason := usage.ClosedNormal
	if m.isOverdue(s, c.age) {
		reason = usage.ClosedExpired
	} else {
		s.last = max(s.last, record.touch.last)
		if record.touch.owner != "" {
			s.first = min(s.first, record.touch.first)
		}
		record.see("session ended")
		if record.touch.owner == "" {
			record.see("session ended for whoever had it")
		}
	}
	c.closeSession(id, s, reason)
}

func (c *modelCommit) closeSession(id modelSessionID, s modelSession, reason usage.CloseReason) {
	d := c.tally(id.owner)
	d.Closed[reason]++
	d.Duration += s.last - s.first
	d.durations++
	s.ended = true
	c.sessions[id] = s
}

// tally is what a commit adds to the sessions of an owner.
func (c *modelCommit) tally(owner string) *modelDelta {
	for i := range c.added {
		if c.added[i].series == owner {
			return &c.added[i]
		}
	}
	c.added = append(c.added, modelDelta{series: owner})
	return &c.added[len(c.added)-1]
}

// compareSessions requires the active sessions, and that opened - closed = active
// for every owner.
func (r *modelRun) compareSessions(want modelState, rows map[string]modelSeries, e *engine.Engine) {
	found := r.engineSessions(e)
	require.Equal(r.t, want.sessions, found, "sessions")
	active := map[string]int64{}
	for id := range found {
		active[id.owner]++
	}
	for name, row := range rows {
		if kindOf(name) == usage.Sessions.String() {
			same(r.t, row.Active(), active[name], name)
		}
	}
}

// engineSessions are the active sessions of an engine.
func (r *modelRun) engineSessions(e *engine.Engine) map[modelSessionID]modelSession {
	found := map[modelSessionID]modelSession{}
	list, _, more := e.Sessions(nil, 0, 1<<20)
	require.False(r.t, more)
	if len(list) == 0 {
		return found
	}
	names := map[uint32]string{}
	rows, _, _ := e.Rows(nil, 0, 1<<20)
	for i := range rows {
		names[rows[i].Slot] = r.nameOf(e, &rows[i])
	}
	for _, s := range list {
		found[modelSessionID{names[s.Owner], s.ID}] = modelSession{first: s.First, last: s.Last, touched: s.Touched, started: s.Started}
	}
	require.Len(r.t, found, len(list), "a session is there twice")
	return found
}
