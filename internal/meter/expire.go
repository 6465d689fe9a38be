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
	if m.store != nil {
		if !m.store.writing.TryLock() {
			return
		}
		defer m.store.writing.Unlock()
	}
	for m.engine.Expire(m.clock.moment(), taken) {
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
	for _, x := range o.exits {
		if !x.gone {
			t.Seq, t.Windows = min(t.Seq, x.seq), o.meter.options.Delta
		}
	}
	return t
}

// warnOfFolding says how many identities have no series of their own, if there are
// more of them.
func (m *Meter) warnOfFolding() {
	folded := m.engine.Folded()
	for kind, n := range folded {
		if before := m.folded[kind]; n > before {
			m.log.Warn("There are more identities than `limits.max_series`: the latest share series; totals stay exact",
				zap.String("kind", usage.Kind(kind).String()), zap.Uint64("folded", n))
		}
	}
	m.folded = folded
}

// endSessions closes all sessions before the last export if nothing is kept: nobody
// else will.
func (m *Meter) endSessions() {
	if m.store != nil {
		return
	}
	for m.engine.EndSessions(m.clock.moment()) {
	}
}
