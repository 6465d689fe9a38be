package engine

import (
	"github.com/axiomhq/hyperloglog"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Limits bound how many series there are of each kind.
type Limits struct {
	// MaxSeries is that number; 0: no limit. The last tenth is for base identities,
	// without dimensions.
	MaxSeries int
}

// folding is what becomes of identities for which there is no room: first their
// dimensions are dropped, then all that they are is too many. What they count
// stays exact.
type folding struct {
	max      int
	overflow [usage.Kinds]*usage.Schema
	// seen estimates how many identities have none of their own; nil: none.
	seen [usage.Kinds]*hyperloglog.Sketch
	key  []byte // being folded; reused
}

func newFolding(limits Limits, schemas *usage.Schemas) folding {
	f := folding{max: limits.MaxSeries}
	for kind := range f.overflow {
		f.overflow[kind] = schemas.Intern(usage.Kind(kind), []string{usage.AttrOverflow})
	}
	return f
}

// full says whether there is no room for one more series beside n of its kind.
// Meters of the user's own are as few as their configuration.
func (f *folding) full(schema *usage.Schema, n int) bool {
	switch {
	case f.max == 0 || schema.Overflow():
		return false
	case len(schema.Names) > schema.Base:
		return n >= f.max-f.max/10
	default:
		return n >= f.max && schema.Kind != usage.Own
	}
}

// note counts an identity that has no series of its own.
func (f *folding) note(kind usage.Kind, hash uint64) {
	if f.seen[kind] == nil {
		f.seen[kind] = hyperloglog.New()
	}
	f.seen[kind].InsertHash(hash)
}

// fold returns the slot that a new identity without room shares with others.
func (e *Engine) fold(key []byte, hash uint64, schema *usage.Schema) (slot uint32) {
	f := &e.folding
	f.note(schema.Kind, hash)
	e.observer.Folded(schema.Kind)
	if len(schema.Names) > schema.Base {
		base := schema.Bare
		f.key = usage.AppendBase(f.key[:0], key, base)
		at := e.options.Hasher.Sum(f.key)
		if slot, ok := e.table.find(f.key, at); ok {
			return slot
		}
		if !f.full(base, e.series[schema.Kind]) {
			return e.found(f.key, at, base)
		}
	}
	return e.overflow(schema.Kind)
}

// overflow is the slot of all identities of a kind for which there is no room at
// all.
func (e *Engine) overflow(kind usage.Kind) uint32 {
	if slot, ok := e.findOverflow(kind); ok {
		return slot
	}
	key := e.table.builder.Bytes() // as findOverflow has left it
	return e.found(key, e.options.Hasher.Sum(key), e.folding.overflow[kind])
}

func (e *Engine) findOverflow(kind usage.Kind) (slot uint32, ok bool) {
	k := &e.table.builder
	k.Set(e.folding.overflow[kind], []string{"true"})
	return e.table.find(k.Bytes(), e.options.Hasher.Sum(k.Bytes()))
}

// Folded estimates how many identities of each kind share a series with others,
// since the process started.
func (e *Engine) Folded() (n [usage.Kinds]uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for kind, seen := range e.folding.seen {
		if seen != nil {
			n[kind] = seen.Estimate()
		}
	}
	return n
}
