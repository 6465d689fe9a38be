package meter

import (
	"slices"

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

// refuse drops the records of which it is known that another signal tells better.
func (m *model) refuse(r *modelReading) {
	r.dropUnless("worse signal", func(c *modelChannel) bool {
		return c.allow(func(source string, rank usage.Rank) bool {
			chosen, ok := m.live.choices[source]
			return !ok || rank <= chosen
		})
	})
}

// choose lets the records that are left decide on what is billed, and drops those
// that are not.
func (m *model) choose(r *modelReading, c *modelCommit) {
	chosen := func(source string) (rank usage.Rank, ok bool) {
		if rank, ok = c.choices[source]; !ok {
			rank, ok = m.live.choices[source]
		}
		return rank, ok
	}
	for i := range r.records {
		record := &r.records[i]
		if record.verdict != usage.Counted || record.channel.weak {
			continue
		}
		record.channel.allow(func(source string, rank usage.Rank) bool {
			before, ok := chosen(source)
			if !ok || rank < before {
				c.choices[source] = rank
			}
			if ok && rank < before {
				record.see("take-over")
			}
			return !ok || rank <= before
		})
	}
	for i := range r.records {
		if record := &r.records[i]; record.verdict == usage.Counted && record.channel.weak {
			record.see("weak record")
		}
	}
	r.dropUnless("replaced signal", func(ch *modelChannel) bool {
		return ch.allow(func(source string, rank usage.Rank) bool {
			best, ok := chosen(source)
			return !ok || rank == best
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
