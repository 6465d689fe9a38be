package meter

import (
	"fmt"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelCall is a counted call to a model, by which spans of the same call in
// other batches are found.
type modelCall struct {
	self, parent string // spans; empty: none
	twin         string // what a wrapper repeats; empty: nothing
	response     string // ID; empty: none
	start, end   int64  // Unix ns
}

// call is what a span of a call to a model says about it.
func (s *modelSpan) call(alias string) (c modelCall) {
	c.start, c.end, c.response = s.start, s.end, alias
	if s.id > 0 {
		c.self = fmt.Sprint(s.trace, " ", s.id)
	}
	if s.parent > 0 {
		c.parent = fmt.Sprint(s.trace, " ", s.parent)
	}
	if s.tokens[usage.Output]+s.tokens[usage.Reasoning] > 0 {
		c.twin = fmt.Sprint(s.service, s.trace, s.name, s.tokens)
	}
	return c
}

// is says whether two are the very same call.
func (c modelCall) is(o modelCall) bool {
	if c.self == "" {
		return c == o
	}
	return c.self == o.self && c.start == o.start && c.end == o.end
}

// shows says whether two are one call, seen at different places.
func (c modelCall) shows(o modelCall) bool {
	return c.self != "" && c.self == o.parent || c.parent != "" && c.parent == o.self ||
		c.twin != "" && c.twin == o.twin && !c.isBeside(o) && (c.contains(o) || o.contains(c))
}

// isBeside says whether two calls that look alike are two for certain.
func (c modelCall) isBeside(o modelCall) bool {
	return c.parent != "" && c.parent == o.parent ||
		c.response != "" && o.response != "" && c.response != o.response
}

func (c modelCall) contains(o modelCall) bool { return c.start <= o.start && c.end >= o.end }

// empty says whether nothing tells the call apart.
func (c modelCall) empty() bool { return c.self == "" && c.parent == "" && c.twin == "" }

// nest drops the spans of calls that are counted already.
func (m *model) nest(r *modelReading, c *modelCommit) {
	for i := range r.records {
		record := &r.records[i]
		span, ok := record.item.(*modelSpan)
		if !ok || span.class != callsModel || record.verdict != usage.Counted {
			continue
		}
		call := span.call(record.alias)
		known := func(f func(modelCall) bool) bool {
			return slices.ContainsFunc(m.live.calls, f) || slices.ContainsFunc(c.calls, f)
		}
		switch {
		case call.empty():
		case known(call.is):
			record.see("the very same call")
		case known(call.shows):
			record.verdict = usage.SkippedNested
			record.see("nested in another batch")
		default:
			c.calls = append(c.calls, call)
		}
	}
}
