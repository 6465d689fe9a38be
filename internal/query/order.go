package query

import (
	"bytes"
	"cmp"
	"container/heap"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// byName orders rows by their attributes instead of a measure.
const byName = "name"

// ranked is a group with what it is ordered by.
type ranked struct {
	Number
	*group
}

// compare says which of two comes first.
func (g *groups) compare(a, b ranked) int {
	if c := a.Number.compare(b.Number); c != 0 {
		return c
	}
	return g.compareNames(a.group, b.group)
}

// compareNames compares value by value, and identities of other names by these.
func (g *groups) compareNames(a, b *group) int {
	x, y := g.values(a), g.values(b)
	for len(x) > 0 && len(y) > 0 {
		var v, w []byte
		v, x = next(x)
		w, y = next(y)
		if c := bytes.Compare(v, w); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(len(x), len(y)); c != 0 {
		return c
	}
	return slices.Compare(g.layouts[a.layout], g.layouts[b.layout])
}

// rank orders the groups and cuts them off.
func (g *groups) rank(r *Request) []*group {
	best := g.best(r)
	for n := range g.table.count {
		best.offer(g.table.group(n))
	}
	return best.sorted()
}

// measureOf returns what rows are ordered by; of names it is nothing.
func measureOf(kind usage.Kind, name string) func(*Row) Number {
	if name == "" {
		return Measures(kind)[0].Of
	}
	if m, ok := MeasureNamed(kind, name); ok {
		return m.Of
	}
	return func(*Row) Number { return Number{} }
}

// best keeps the best of many groups, as a heap whose first is the worst of these.
type best struct {
	*groups
	of    func(*Row) Number
	limit int // 0: all are kept
	list  []ranked
	row   Row // that is being looked at: one for all, of which there may be many
}

func (g *groups) best(r *Request) *best {
	return &best{groups: g, of: measureOf(r.Kind, r.OrderBy), limit: r.Limit}
}

func (h *best) offer(g *group) {
	h.row = h.groups.row(g)
	one := ranked{h.of(&h.row), g}
	switch {
	case h.limit == 0:
		h.list = append(h.list, one)
	case len(h.list) < h.limit:
		heap.Push(h, one)
	case h.compare(one, h.list[0]) < 0:
		h.list[0] = one
		heap.Fix(h, 0)
	}
}

// hopeless says that the row, whatever its name, is not among the best.
func (h *best) hopeless() bool {
	return h.limit > 0 && len(h.list) == h.limit && h.of(&h.row).compare(h.list[0].Number) > 0
}

func (h *best) sorted() []*group {
	slices.SortFunc(h.list, h.compare)
	list := make([]*group, 0, len(h.list))
	for _, one := range h.list {
		list = append(list, one.group)
	}
	return list
}

func (h *best) Len() int           { return len(h.list) }
func (h *best) Less(i, j int) bool { return h.compare(h.list[i], h.list[j]) > 0 }
func (h *best) Swap(i, j int)      { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *best) Push(one any)       { h.list = append(h.list, one.(ranked)) }

// Pop is what heap.Interface wants.
func (h *best) Pop() any {
	last := h.list[len(h.list)-1]
	h.list = h.list[:len(h.list)-1]
	return last
}
