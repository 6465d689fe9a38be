package engine

import (
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Taken is what the exits have of the series: what they have not may not end.
type Taken struct {
	// Seq is the newest commit that every exit knows.
	Seq uint64
	// Windows says that they are told what has changed, in windows, whatever Seq is.
	Windows bool
}

// looksPerLock bounds how many series and sessions are looked at while commits
// wait.
const looksPerLock = 512

// BeginExpiry starts the retention of what was restored, and the silence of signals:
// counting goes on now. Nothing is counted yet.
func (e *Engine) BeginExpiry(now usage.Moment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.grow(now)
	e.choices.begin(e.moment.Age)
	e.orderSessions()
	e.settleHistory()
	e.beginWheel()
}

// beginWheel puts all series into the wheel.
func (e *Engine) beginWheel() {
	e.wheel.begin(e.moment.Age)
	for slot := range e.table.end() {
		if s := e.table.at(slot); s != nil {
			if s.touched == usage.NotKnown {
				s.touched = e.moment.Age
			}
			e.wheel.put(slot, e.dueAt(s))
		}
	}
}

// Expire ends sessions that were not heard of for the ttl and series that have
// been idle for the retention, some of them, in one commit; more says that there
// may be others. A series with active sessions stays, and so does one whose last
// change some exit has not taken.
//
// Whoever goes on does so with the same moment: what has to stay is looked at once.
// No snapshot may be taken meanwhile: it would have the series or its retired row
// or both.
func (e *Engine) Expire(now usage.Moment, taken Taken) (more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.beginEnds(now)
	e.choices.sweep()
	more = e.expireSessions(looksPerLock)
	more = e.expireSeries(now.Age, taken) || more
	e.concludeEnds()
	return more
}

func (e *Engine) expireSeries(age int64, taken Taken) (more bool) {
	for looks := 0; looks < looksPerLock; looks++ {
		slot, ok := e.wheel.take(age)
		if !ok {
			return false
		}
		switch s := e.table.at(slot); {
		case e.dueAt(s) > age:
			e.wheel.put(slot, e.dueAt(s))
		case e.inUse(s, age, taken):
			e.wheel.put(slot, age+max(e.wheel.step, int64(time.Second)))
		default:
			e.commit.Expired = append(e.commit.Expired, slot)
			looks += e.history.rowsOf(slot, e.kindOf(s)) // which move
		}
	}
	return true
}

// dueAt is the age of the state at which a series that does not change ends.
func (e *Engine) dueAt(s *series) int64 {
	return usage.AddSaturating(s.touched, e.wheel.retention)
}

// inUse says whether a series that is idle at an age has to stay.
func (e *Engine) inUse(s *series, age int64, taken Taken) bool {
	if taken.Windows && e.untold(s) || !taken.Windows && s.seq > taken.Seq {
		return true
	}
	if s.tallies != nil {
		return s.tallies.active() > 0
	}
	// While a session is active that a record of this series has touched, that
	// record is no older than the ttl.
	return e.sessions.active > 0 && usage.AddSaturating(s.touched, e.sessions.ttl) > age
}

// untold says whether a series has something that is in no window yet.
func (e *Engine) untold(s *series) bool {
	if !s.changed() {
		return false
	}
	change := s.change(0, e.options.Schemas.Get(s.key.Schema()), e.options.Layout)
	return hasPoints(&change)
}
