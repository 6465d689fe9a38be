package meter

import (
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelChannel is one way in which records can tell of calls.
type modelChannel struct {
	// source is what several signals tell of, and rank how good this one is.
	source string
	rank   usage.Rank
	// facet is what of the calls the signal tells in several ways, and alternative
	// how good this one is; empty: there is but one way.
	facet       string
	alternative usage.Rank
	// weak says that the record has no tokens where others may.
	weak bool
}

// channel is that of a signal of a family at a service.
func (c *modelConfig) channel(kind usage.Kind, family, service string, signal usage.Signal) modelChannel {
	order := []usage.Signal{usage.Traces, usage.Logs, usage.Metrics}
	if family == "claude_code" {
		order = []usage.Signal{usage.Logs, usage.Metrics, usage.Traces}
	}
	ch, name := modelChannel{rank: usage.Rank(slices.Index(order, signal))}, ""
	for _, s := range order {
		name += s.String()[:1]
	}
	if pinned, ok := c.pins[family]; ok {
		ch.rank, name = usage.NeverCounts, pinned.String()
		if signal == pinned {
			ch.rank = 0
		}
	}
	ch.source = string(usage.AppendSource(nil, kind, family, name, service))
	if signal == usage.Logs {
		// One facet: what a log record tells is all there is to tell.
		ch.facet = string(usage.AppendFacet([]byte(ch.source), signal, usage.FacetAll, 0))
	}
	return ch
}

// allow says whether both choices that a record depends on are as they have to be,
// and the configuration has not decided against it.
func (c *modelChannel) allow(f func(source string, rank usage.Rank) bool) bool {
	return c.rank != usage.NeverCounts && f(c.source, c.rank) && (c.facet == "" || f(c.facet, c.alternative))
}

// modelChoice is the rank of the signal that bills a source, and at which age of the
// state it was chosen.
type modelChoice struct {
	rank usage.Rank
	age  int64
}

// modelLapse is for how long a signal has to be silent before a worse one takes over.
const modelLapse = int64(24 * time.Hour)

// lapsed says whether the chosen signal of a source has been silent for too long. As
// long as no process ran it was not.
func (m *model) lapsed(source string, age int64) bool {
	return age-max(m.live.choices[source].age, m.heard[source], m.begun) > modelLapse
}

// refuse drops the records of which it is known that another signal tells better.
func (m *model) refuse(r *modelReading, age int64) {
	r.dropUnless("worse signal", func(c *modelChannel) bool {
		return c.allow(func(source string, rank usage.Rank) bool {
			chosen, ok := m.live.choices[source]
			return !ok || rank <= chosen.rank || m.lapsed(source, age)
		})
	})
}

// choose lets the records that are left decide on what is billed, and drops those
// that are not.
func (m *model) choose(r *modelReading, c *modelCommit) {
	chosen := func(source string) (best modelChoice, lapsed, ok bool) {
		if best, ok = c.choices[source]; ok {
			return best, false, true
		}
		best, ok = m.live.choices[source]
		return best, m.lapsed(source, c.age), ok
	}
	for i := range r.records {
		record := &r.records[i]
		if record.verdict != usage.Counted || record.channel.weak || record.series == "" {
			continue
		}
		record.channel.allow(func(source string, rank usage.Rank) bool {
			before, lapsed, ok := chosen(source)
			switch {
			case !ok:
			case rank == before.rank:
				if lapsed {
					record.see("silent signal that is back")
				}
				m.heard[source] = c.age
				return true
			case rank < before.rank:
				record.see("take-over")
			case rank > before.rank && lapsed:
				record.see("take-over from a silent signal")
			default:
				return false
			}
			c.choices[source] = modelChoice{rank: rank, age: c.age}
			return true
		})
	}
	for i := range r.records {
		if record := &r.records[i]; record.verdict == usage.Counted && record.channel.weak {
			record.see("weak record")
		}
	}
	r.dropUnless("replaced signal", func(ch *modelChannel) bool {
		return ch.allow(func(source string, rank usage.Rank) bool {
			best, _, ok := chosen(source)
			return !ok || rank == best.rank
		})
	})
}

// dropUnless drops counted records for those of another signal.
func (r *modelReading) dropUnless(otherwise string, billed func(*modelChannel) bool) {
	for i := range r.records {
		record := &r.records[i]
		if record.verdict == usage.Counted && record.series != "" && !billed(&record.channel) {
			record.verdict = usage.SkippedDuplicateSignal
			if record.channel.rank == usage.NeverCounts {
				otherwise = "ruled out"
			}
			record.see(otherwise)
		}
	}
}
