package pricing

import (
	"slices"
	"strings"
)

// Table is a price table with the user's overrides in front of it. It is
// immutable and safe for concurrent use.
type Table struct {
	source  string
	skipped int
	models  int
	// layers are asked one after the other.
	layers []layer
	cache  *cache
}

// layer is a part of a table that answers for itself.
type layer interface {
	// find returns nil if the layer has nothing for the query.
	find(q *query) *Price
}

func newTable(source string, layers ...layer) *Table {
	return &Table{source: source, layers: layers, cache: newCache()}
}

// Source says where the prices come from, with version and date if they are known.
func (t *Table) Source() string { return t.source }

// Skipped is how many rows of the file were left out because they are invalid.
func (t *Table) Skipped() int { return t.skipped }

// Models is how many models have an entry, overrides aside.
func (t *Table) Models() int { return t.models }

// Find returns the price of a model at a provider, which is named as the
// conventions do, or nil if there is none that is surely meant. What was found
// or not is remembered: asking again for one of the last few thousand names does
// not allocate.
func (t *Table) Find(provider, model string) *Price {
	if len(provider) > maxName || len(model) > maxName {
		return nil
	}
	k := cacheKey{provider, model}
	if p, ok := t.cache.get(k); ok {
		return p
	}
	p := t.find(newQuery(provider, model))
	t.cache.put(cacheKey{strings.Clone(provider), strings.Clone(model)}, p)
	return p
}

func (t *Table) find(q *query) *Price {
	var later []*Price
	var found *Price
	for _, l := range t.layers {
		p := l.find(q)
		if p == nil {
			continue
		}
		if !p.periods[0].when.always() {
			later = append(later, p)
			continue
		}
		found = p
		break
	}
	if q.free && (found == nil || found.untold) {
		found = free()
	}
	return before(found, later)
}

// before puts prices that begin at some date over the one that holds until then.
func before(p *Price, later []*Price) *Price {
	if p != nil && p.untold {
		p = nil
	}
	for _, l := range slices.Backward(later) {
		if p == nil {
			p = l
			continue
		}
		both := *l
		both.periods = append(append([]period(nil), p.periods...), both.periods...)
		p = &both
	}
	return p
}

// free is the price of what a name itself says is free.
func free() *Price { return &Price{id: ":free", periods: make([]period, 1)} }
