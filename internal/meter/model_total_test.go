package meter

import (
	"cmp"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelTotal is the newest point of a cumulative stream.
type modelTotal struct {
	start, at  int64 // Unix ns; a start of 0 is not known
	sum, count int64
}

func compareTotals(a, b modelTotal) int {
	return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.at, b.at), cmp.Compare(a.sum, b.sum), cmp.Compare(a.count, b.count))
}

// total is what a point says. Only of times is it known how many there are.
func (s *modelSample) total() modelTotal {
	t := modelTotal{start: s.start, at: s.at, sum: s.sum}
	if s.start == s.at {
		t.start = 0 // who scrapes says so of what does not say it
	}
	if s.measure == dialect.Durations {
		t.count = s.count
	}
	return t
}

// subtract leaves of cumulative points what they add.
func (m *model) subtract(r *modelReading, c *modelCommit) {
	for i := range r.records {
		record := &r.records[i]
		s, ok := record.item.(*modelSample)
		if !ok || !s.cumulative || record.series == "" {
			continue
		}
		known, ok := c.streams[s.number]
		if !ok {
			known, ok = m.live.streams[s.number]
		}
		next, verdict, what := s.total().after(known, ok, m.since)
		if verdict != usage.Duplicate {
			c.streams[s.number] = next
		}
		if record.verdict != usage.Counted {
			continue
		}
		record.verdict = verdict
		record.see(what)
		if news := m.news[s.number]; news != "" && ok && verdict == usage.Counted {
			record.see(news)
			delete(m.news, s.number)
		}
		if ok && what != "reset" && what != "reset that nobody told of" {
			record.added = s.adds(max(s.sum-known.sum, 0), s.total().count-known.count)
		}
	}
}

// after says what becomes of a point that follows another one, if there is one.
func (t modelTotal) after(known modelTotal, ok bool, since int64) (next modelTotal, v usage.Verdict, what string) {
	goesOn := t.start == known.start || t.start == 0 || known.start == 0
	switch {
	case !ok && (t.start == 0 || t.start < since):
		return t, usage.SkippedBaseline, "baseline"
	case !ok:
		return t, usage.Counted, "stream from its beginning"
	case !goesOn && t.start < known.start, goesOn && t.at < known.at:
		return known, usage.Duplicate, "late point"
	case goesOn && t.at == known.at:
		return known, usage.Duplicate, "point again"
	case !goesOn:
		return t, usage.Counted, "reset"
	}
	next = t
	next.start = max(t.start, known.start)
	if known.count > 0 && t.count < known.count || known.count == 0 && t.sum < known.sum {
		return next, usage.Counted, "reset that nobody told of"
	}
	next.sum = max(t.sum, known.sum)
	return next, usage.Counted, "stream goes on"
}
