package meter

import (
	"math"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// expire ends series and sessions that have been idle for long enough, in small
// steps. While a snapshot is taken nothing may end; the next export tries again.
func (m *Meter) expire() {
	taken := m.outbox.taken()
	if !m.keeping.writing.TryLock() {
		return
	}
	defer m.keeping.writing.Unlock()
	// Whoever shows all of it comes first, too.
	if !m.steady.TryLock() {
		return
	}
	defer m.steady.Unlock()
	at := m.clock.moment()
	for more := true; more; {
		more = m.engine.Expire(at, taken)
	}
}

// taken is what all exits have of the series.
func (o *outbox) taken() engine.Taken {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := engine.Taken{Seq: math.MaxUint64}
	if len(o.exits) < o.expected {
		t.Seq = 0 // somebody is still to come
	}
	running := false
	for _, x := range o.exits {
		running = running || !x.gone
	}
	for _, x := range o.exits {
		// When all have stopped, what they have not taken is for the next start.
		if !x.gone || !running {
			t.Seq, t.Windows = min(t.Seq, x.seq), o.meter.options.Delta
		}
	}
	return t
}

// warnOfFolding says how many identities have no series of their own, if there are
// more of them, once a minute.
func (m *Meter) warnOfFolding() {
	folded := m.engine.Folded()
	if folded == m.warned.folded || !m.warned.fold.due(m.clock.moment().Age) {
		return
	}
	for kind, n := range folded {
		if n > m.warned.folded[kind] {
			m.log.Warn("There are more identities than `limits.max_series`: the latest share series; totals stay exact",
				zap.String("kind", usage.Kind(kind).String()), zap.Uint64("folded", n))
		}
	}
	m.warned.folded = folded
}

// warned is what the log was told last. Only the upkeep tells it.
type warned struct {
	fold, window, history limiter
	folded                [usage.Kinds]uint64
	evicted               uint64 // from the dedup window
}

// limiter is when something was last said.
type limiter struct {
	said bool
	at   int64 // age, ns
}

// due says whether it may be said again at an age, and takes it for said then.
func (l *limiter) due(age int64) bool {
	if l.said && age-l.at < int64(logEvery) {
		return false
	}
	l.said, l.at = true, age
	return true
}

// endSessions closes all sessions before the last export if nothing is kept: nobody
// else will.
func (m *Meter) endSessions() {
	if m.store() != nil {
		return
	}
	for m.engine.EndSessions(m.clock.moment()) {
	}
}
