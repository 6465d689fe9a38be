package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// touch applies what a record tells of a session; mu is held. A failure never
// shortens an active session, so that of several requests of one session at the
// same time any may fail.
func (e *Engine) touch(t usage.Touched) {
	t.First = min(t.First, t.Last)
	if len(t.Owner) == 0 {
		if t.Activity == usage.Ended {
			e.closeByID(t.IDHash, string(t.ID), usage.ClosedNormal, t.Last)
		}
		return
	}
	place := e.active(t)
	switch {
	case t.Activity == usage.Ended && place != nobody:
		e.extend(place, t)
		e.closeSession(place, usage.ClosedNormal)
	case t.Activity == usage.Ended:
	case place == nobody:
		e.open(t)
	case t.Activity == usage.Failed:
	case t.Activity == usage.Started && e.sessions.list[place].Started:
		e.closeSession(place, usage.ClosedDuplicate)
		e.open(t)
	default:
		e.extend(place, t)
		e.sessions.list[place].Started = e.sessions.list[place].Started || t.Activity == usage.Started
		e.sessions.slide(place, e.moment.Age)
		e.note(place)
	}
}

// active returns the place of an owner's active session, or nobody. Owners for which
// there was no room share a series. One that is overdue is closed first: nobody has
// looked since.
func (e *Engine) active(t usage.Touched) int32 {
	slot, known := e.table.find(t.Owner, t.OwnerHash)
	if !known {
		slot, known = e.findOverflow(usage.Sessions)
	}
	if !known {
		return nobody
	}
	place, _ := e.sessions.find(slot, t.IDHash, t.ID)
	if place != nobody && e.isOverdue(&e.sessions.list[place]) {
		e.closeSession(place, usage.ClosedExpired)
		return nobody
	}
	return place
}

func (e *Engine) isOverdue(s *session) bool {
	return usage.AddSaturating(s.Touched, e.sessions.ttl) <= e.moment.Age
}

// open opens a session, if there is room for it. A failed attempt opens and closes
// one at once.
func (e *Engine) open(t usage.Touched) {
	if e.sessions.active >= e.sessions.max {
		e.expireSessions(looksPerLock)
	}
	if e.sessions.active >= e.sessions.max || e.sessions.byID[t.IDHash].count >= maxSiblings {
		e.observer.Untracked()
		return
	}
	slot := e.locate(t.Owner, t.OwnerHash)
	e.tally(slot).Opened++
	s := usage.Session{
		Owner: slot, ID: string(t.ID), First: t.First, Last: t.Last, Touched: e.moment.Age,
		Started: t.Activity == usage.Started,
	}
	place := e.sessions.add(s, t.IDHash)
	if t.Activity == usage.Failed {
		e.closeSession(place, usage.ClosedFailed)
		return
	}
	e.note(place)
}

// closeByID ends the active sessions under an ID, which lasted until a time at least,
// and returns how many there were.
func (e *Engine) closeByID(hash uint64, id string, reason usage.CloseReason, until int64) (closed int) {
	with := e.sessions.byID[hash]
	for place := with.first; with.count > 0 && place != nobody; {
		s := &e.sessions.list[place]
		next := s.right
		switch {
		case s.ID != id:
		case e.isOverdue(s):
			e.closeSession(place, usage.ClosedExpired)
		default:
			s.Last = max(s.Last, until)
			e.closeSession(place, reason)
			closed++
		}
		place = next
	}
	return closed
}

func (e *Engine) extend(place int32, t usage.Touched) {
	s := &e.sessions.list[place]
	s.First, s.Last = min(s.First, t.First), max(s.Last, t.Last)
}

// closeSession takes a session out and counts it.
func (e *Engine) closeSession(place int32, reason usage.CloseReason) {
	s := &e.sessions.list[place]
	d := e.tally(s.Owner)
	d.Closed[reason]++
	duration := max(0, s.Last-s.First)
	d.Duration = usage.AddSaturating(d.Duration, duration)
	d.Durations = append(d.Durations, e.options.Layout.Bucket(duration))
	s.Ended = true
	e.note(place)
	e.sessions.remove(place)
}

// note makes the commit say what has become of a session.
func (e *Engine) note(place int32) {
	s, c := &e.sessions.list[place], &e.commit
	if s.seq != c.Seq {
		s.seq, s.at = c.Seq, len(c.Sessions)
		c.Sessions = append(c.Sessions, s.Session)
		return
	}
	c.Sessions[s.at] = s.Session
}

// tally is what the commit adds to an owner's series.
func (e *Engine) tally(slot uint32) *usage.Delta {
	for i := len(e.tallies) - 1; i >= 0 && i >= len(e.tallies)-recentTallies; i-- {
		if e.tallies[i].Slot == slot {
			return &e.tallies[i]
		}
	}
	e.tallies = append(e.tallies, usage.Delta{Slot: slot, Hour: e.hour})
	return &e.tallies[len(e.tallies)-1]
}

// recentTallies is how many owners' are looked through for one to add to.
const recentTallies = 16

// expireSessions closes sessions that were not heard of for the ttl.
func (e *Engine) expireSessions(limit int) (more bool) {
	for range limit {
		place, ok := e.sessions.overdue(e.moment.Age)
		if !ok {
			return false
		}
		e.closeSession(place, usage.ClosedExpired)
	}
	return true
}

// Terminate closes the sessions that any owner has under an ID and returns how
// many there were.
func (e *Engine) Terminate(id string, now usage.Moment) (closed int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.beginEnds(now)
	closed = e.closeByID(e.options.Hasher.Sum([]byte(id)), id, usage.ClosedTerminated, 0)
	e.concludeEnds()
	return closed
}

// EndSessions closes some of all sessions, because metering ends; more says that
// there are others.
func (e *Engine) EndSessions(now usage.Moment) (more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.beginEnds(now)
	for range looksPerLock {
		if e.sessions.oldest == nobody {
			break
		}
		e.closeSession(e.sessions.oldest, usage.ClosedShutdown)
	}
	e.concludeEnds()
	return e.sessions.oldest != nobody
}
