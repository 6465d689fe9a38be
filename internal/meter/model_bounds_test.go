package meter

import (
	"strings"
	"time"
)

// modelBounds keep what is remembered from growing.
type modelBounds struct {
	series    int           // of each kind; 0: no limit
	retention time.Duration // of a series that does not change; 0: for ever
	sessions  int           // active ones
	ttl       time.Duration // of a session that is not heard of
}

// modelLives says which bounds a state directory sees: those that it never has leave the
// others to themselves.
type modelLives struct{ ends, folds, sessions bool }

// rebound changes the bounds of the next process.
func (r *modelRun) rebound() {
	b := &r.config.modelBounds
	if r.lives.ends {
		b.retention = pick(r.rng, 0, time.Minute, 2*time.Minute, 4*time.Minute)
	}
	if r.lives.folds {
		b.series = pick(r.rng, 0, 4, 10, 20)
	}
	if r.lives.sessions {
		b.sessions = pick(r.rng, 0, 3, 10, 1000, 1000, 1000)
		b.ttl = pick(r.rng, time.Second, 2*time.Second, 5*time.Minute)
	}
}

// kindOf is the kind of a series by the model's name of it.
func kindOf(series string) string {
	kind, _, _ := strings.Cut(series, " ")
	return kind
}

// baseOf is a series without its dimensions, of which there is one at most.
func baseOf(series string) string {
	head, values, _ := strings.Cut(series, "|")
	kind, dimension, _ := strings.Cut(head, " ")
	if dimension != "" {
		values = values[:strings.LastIndex(values, "|")]
	}
	return kind + " |" + values
}

func overflowOf(kind string) string { return kind + " |true" }

func isOverflow(series string) bool { return series == overflowOf(kindOf(series)) }

// fold finds the series that new identities are counted in: their own or, if there
// are too many, one that they share. Who comes first has the room.
func (m *model) fold(r *modelReading, c *modelCommit) {
	for i := range c.added {
		d := &c.added[i]
		own := d.series
		switch d.series = m.place(c, own); d.series {
		case own:
		case baseOf(own):
			r.records[0].see("folded into the base identity")
		default:
			r.records[0].see("folded into the overflow")
		}
	}
}

// place is the series that an identity is counted in by a commit.
func (m *model) place(c *modelCommit, identity string) string {
	for _, series := range []string{identity, baseOf(identity)} {
		if m.has(c, series) || m.hasRoom(c, series) {
			return m.found(c, series)
		}
	}
	return m.found(c, overflowOf(kindOf(identity)))
}

func (m *model) has(c *modelCommit, series string) bool {
	_, live := m.live.series[series]
	return live || c.begun[series]
}

func (m *model) found(c *modelCommit, series string) string {
	if !m.has(c, series) {
		c.begun[series] = true
	}
	return series
}

// hasRoom says whether there may be one more series: the last tenth of them have no
// dimensions.
func (m *model) hasRoom(c *modelCommit, series string) bool {
	limit, n := m.bounds.series, 0
	if limit == 0 {
		return true
	}
	if baseOf(series) != series {
		limit -= limit / 10
	}
	for name := range m.live.series {
		if kindOf(name) == kindOf(series) {
			n++
		}
	}
	for name := range c.begun {
		if kindOf(name) == kindOf(series) {
			n++
		}
	}
	return n < limit
}
