package meter

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Series and sessions end by themselves, at some moment that is the meter's to choose.
// The model sees which ones have, and requires that they may, and that all have that
// must.

// end is what the end of sessions and series leaves of a state.
func (c *modelCommit) end(s *modelState) {
	for id, session := range c.sessions {
		if s.sessions[id] = session; session.ended {
			delete(s.sessions, id)
		}
	}
	for _, name := range c.ended {
		series, sum := s.series[name], s.retired[baseOf(name)]
		sum.Add(&series.Measures)
		s.retired[baseOf(name)] = sum
		delete(s.series, name)
	}
}

// noteEnds notes what has ended since the last look: in one commit, if it has.
func (r *modelRun) noteEnds() {
	e := r.meter.engine
	if e.Stats().Seq == r.model.live.seq {
		return
	}
	r.model.end(r, r.engineRows(e), r.engineSessions(e), e.Totals().Age)
	same(r.t, r.model.live.seq, e.Stats().Seq, "commits that end something")
	r.noteAge()
}

// end makes what is not there any more end in a commit.
func (m *model) end(r *modelRun, rows map[string]modelSeries, sessions map[modelSessionID]modelSession, age int64) {
	c := m.begins(usage.Traces, age, time.Now().UnixNano())
	for id, s := range m.live.sessions {
		if _, ok := sessions[id]; !ok {
			require.True(r.t, m.isOverdue(s, age), "session %v ends too early", id)
			c.closeSession(id, s, usage.ClosedExpired)
			r.saw("session expired")
		}
	}
	k := r.keepers(m.active(c), age)
	for name, s := range m.live.series {
		if _, ok := rows[name]; ok {
			continue
		}
		require.True(r.t, r.isIdle(s, age), "%s ends too early", name)
		require.Empty(r.t, k.keep(name, s), "%s ends all the same", name)
		require.False(r.t, c.changes(name), "%s ends although it changes", name)
		c.ended = append(c.ended, name)
		r.gone[name] = true
		r.sawEnd(name)
	}
	r.tell("  end of %v and %v", c.ended, c.sessions)
	m.conclude(c)
	r.endings++
}

func (r *modelRun) sawEnd(name string) {
	r.saw(kindOf(name) + " series ended")
	if isOverflow(name) {
		r.saw("overflow ended")
	}
	if r.config.delta {
		r.saw("series ended after its window")
	}
}

// modelKeepers are what keeps idle series.
type modelKeepers struct {
	owners map[string]bool // of active sessions
	// recent is since when a record may have touched one that is still active.
	recent int64
	taken  uint64
	// told are the series when the exits were told the last time, if that was in a
	// window. What has changed since may be what they owe, of which nobody is told.
	told map[string]modelSeries
}

// shown is of a series what exits are told.
func (s modelSeries) shown() modelSeries {
	s.InputOwed, s.OutputOwed, s.seq, s.touched = 0, 0, 0, 0
	return s
}

// isIdle says whether a series has not changed for the retention.
func (r *modelRun) isIdle(s modelSeries, age int64) bool {
	return r.config.retention > 0 && s.touched+int64(r.config.retention) <= age
}

func (r *modelRun) keepers(active map[modelSessionID]modelSession, age int64) modelKeepers {
	seq, windows := r.taken()
	k := modelKeepers{owners: map[string]bool{}, recent: age - int64(r.config.ttl), taken: seq}
	for id := range active {
		k.owners[id.owner] = true
	}
	if windows {
		k.told = r.newestCut().series
	}
	return k
}

// isTold says whether the exits were told, in a window, all that a series has.
func (k *modelKeepers) isTold(name string, s modelSeries) bool {
	told := k.told[name]
	if told.start != s.start {
		told = modelSeries{start: s.start} // that was another one
	}
	return k.told != nil && told.shown() == s.shown()
}

// keep says why a series has to stay, if it has to.
func (k *modelKeepers) keep(name string, s modelSeries) (why string) {
	switch {
	case s.seq > k.taken && !k.isTold(name, s):
		return "series kept for an exit"
	case k.owners[name], kindOf(name) != usage.Sessions.String() && len(k.owners) > 0 && s.touched > k.recent:
		return "series kept for a session"
	default:
		return ""
	}
}

// ownerOf is the series of the sessions of what a series is about.
func ownerOf(series string) string {
	_, values, _ := strings.Cut(series, "|")
	v := strings.Split(values, "|")
	switch {
	case isOverflow(series) || kindOf(series) == usage.Sessions.String():
		return ""
	case kindOf(series) == usage.Endpoint.String():
		return ofEndpoint(v[0], v[2])
	default:
		return ofProvider(v[1])
	}
}

// taken is the newest commit of which all exits know that run or are still to come,
// and whether they are told of it in windows.
func (r *modelRun) taken() (seq uint64, windows bool) {
	seq = math.MaxUint64
	running := slices.ContainsFunc(r.backends, func(b *modelBackend) bool { return b.exit != nil && !b.exit.gone })
	for _, b := range r.backends {
		switch {
		case b.exit == nil:
			seq = 0
		case !b.exit.gone || !running: // what all have left is for the next process
			seq, windows = min(seq, b.taken), r.config.delta
		}
	}
	if windows {
		seq = r.newestCut().seq
	}
	return seq, windows
}

// noteFree notes since when nothing keeps series but that they are not idle yet.
func (r *modelRun) noteFree() {
	if r.config.retention == 0 {
		return
	}
	age := r.meter.clock.moment().Age
	k := r.keepers(r.model.live.sessions, age)
	unsure := r.config.delta && !r.newestCut().whole // it may have left something out
	for name, s := range r.model.live.series {
		since, free := r.free[name]
		switch {
		case unsure || k.keep(name, s) != "":
			delete(r.free, name)
		case !free || since.start != s.start:
			r.free[name] = modelFree{s.start, age}
		}
	}
}

// modelFree is since which age of the state nothing keeps a series.
type modelFree struct{ start, age int64 }

// checkEnded requires that what had to end by an age, at which the meter looked, has.
func (r *modelRun) checkEnded(age int64) {
	for id, s := range r.model.live.sessions {
		require.False(r.t, r.model.isOverdue(s, age), "session %v is still there", id)
	}
	if r.config.retention == 0 {
		return
	}
	slack := int64(r.config.retention)/1024 + int64(2*time.Second)
	k := r.keepers(r.model.live.sessions, age)
	for name, s := range r.model.live.series {
		if why := k.keep(name, s); why != "" && r.isIdle(s, age) && !r.kept[name] {
			r.kept[name] = true
			r.saw(why)
		}
		if free, ok := r.free[name]; ok && free.start == s.start && free.age+slack < age {
			require.False(r.t, r.isIdle(s, age-slack), "%s is still there: free since %d, touched %d, age %d", name, free.age, s.touched, age)
		}
	}
}

// changeExits lets an exit come, or go before the process ends.
func (r *modelRun) changeExits() {
	b := pick(r.rng, r.backends...)
	if b.exit != nil && !b.exit.gone {
		r.meter.outbox.leave(b.exit)
		r.saw("exit left early")
		return
	}
	r.startExit(b)
	r.saw("exit came late")
}

func (r *modelRun) startExit(b *modelBackend) {
	b.exit, b.taken = &Exit{meter: r.meter, next: b}, 0
	r.meter.outbox.join(b.exit, b.name)
}
