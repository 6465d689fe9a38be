package engine

import (
	"github.com/otelusage/usageprocessor/internal/engine/dedup"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Commit counts a batch and returns the sequence number that has to be durable
// before the batch may be acknowledged. That of a batch of duplicates is new as
// well, hence behind their originals.
func (e *Engine) Commit(b *usage.Batch, now usage.Moment) (seq uint64) {
	probed := e.prepare(b, now)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.count(b, now, probed)
}

// prepare does what does not have to wait for other commits.
func (e *Engine) prepare(b *usage.Batch, now usage.Moment) dedup.Probed {
	b.WithdrawAliases()
	b.KeepSpreads()
	// Nearly always the batch is as it will be in the end.
	b.Sum()
	return e.probe(&b.Marks, now)
}

// count is the rest of Commit. mu is held.
func (e *Engine) count(b *usage.Batch, now usage.Moment, probed dedup.Probed) (seq uint64) {
	// Later than any export, hence every series starts after the last one.
	e.advance(now, 1)
	c := e.begin(now, b.Signal)
	if e.countOnce(b, probed) {
		b.Sum()
	}
	deltas := b.Settle(e.subtract)
	c.Keys = b.Marks.AppendNew(c.Keys[:0])
	e.resolve(b, deltas)
	b.Touches(e.touch)
	c.Deltas, c.Ledger = append(compact(deltas), e.tallies...), b.Ledger
	e.history.admit(c.Deltas, e.hour)
	e.conclude()
	return c.Seq
}

// begin begins a commit; mu is held until conclude has ended it.
func (e *Engine) begin(now usage.Moment, signal usage.Signal) *usage.Commit {
	c := &e.commit
	clear(c.Streams) // they refer to their spreads
	*c = usage.Commit{
		Seq: e.seq + 1, Moment: e.moment, Signal: signal,
		Defined: c.Defined[:0], Keys: c.Keys[:0], Choices: c.Choices[:0], Calls: c.Calls[:0], Streams: c.Streams[:0],
		Expired: c.Expired[:0], Sessions: c.Sessions[:0],
	}
	e.tallies, e.hour = e.tallies[:0], e.history.hourOf(max(now.Wall, e.moment.Wall))
	return c
}

func (e *Engine) conclude() {
	c := &e.commit
	e.apply(c, e.crossed)
	for _, slot := range c.Expired {
		e.observer.Expired(e.retire(slot))
	}
	if e.options.Journal != nil {
		e.options.Journal(c)
	}
}

// beginEnds is begin for a commit that counts no batch.
func (e *Engine) beginEnds(now usage.Moment) {
	e.grow(now)
	e.begin(now, usage.Traces)
}

// concludeEnds is conclude for such a commit, if it has anything.
func (e *Engine) concludeEnds() {
	if c := &e.commit; len(c.Expired)+len(c.Sessions) > 0 {
		c.Deltas = e.tallies
		e.conclude()
	}
}

// countOnce takes out the calls that have been counted before, in whatever form,
// and says whether anything in the batch has changed.
func (e *Engine) countOnce(b *usage.Batch, probed dedup.Probed) (changed bool) {
	// What is not billed must not keep its other form from being counted.
	if b.Sources(e.choices.mayBill) {
		b.WithdrawAliases()
		changed = true
	}
	if e.insert(&b.Marks, probed) > 0 {
		b.DropDuplicates()
		changed = true
	}
	// The best of several may come last.
	changed = b.Sources(e.choose) || changed
	changed = b.Sources(e.choices.billed) || changed
	return b.Calls(e.nested) || changed
}

// advance moves the clocks, the wall clock by step nanoseconds at least.
func (e *Engine) advance(now usage.Moment, step int64) {
	e.moment.Wall = max(now.Wall, e.moment.Wall+step)
	e.moment.Age = max(now.Age, e.moment.Age)
	e.choices.age, e.streams.now = e.moment.Age, e.moment.Wall
	e.advanceWindow()
}

// grow lets the state become older. The wall clock goes along, or else whoever
// recovers would add the same time again, but what it says now is not given out: an
// export may have it.
func (e *Engine) grow(now usage.Moment) {
	e.advance(usage.Moment{Wall: now.Wall - minTick, Age: now.Age}, 0)
}

// resolve gives every delta its slot and empties those that repeat inference.
// Shadows come last: inference counted in this very batch shadows them too,
// although its transport mostly stands before it (the inner span ends first).
func (e *Engine) resolve(b *usage.Batch, deltas []usage.Delta) {
	for i := range deltas {
		if deltas[i].Any() && len(b.ShadowOf(i)) == 0 {
			deltas[i].Slot = e.locate(b.Key(i))
		}
	}
	for i := range deltas {
		shadow := b.ShadowOf(i)
		if !deltas[i].Any() || len(shadow) == 0 {
			continue
		}
		if _, claimed := e.claims[string(shadow)]; claimed {
			b.SkipShadow(i)
			deltas[i] = usage.Delta{}
			continue
		}
		deltas[i].Slot = e.locate(b.Key(i))
	}
}

// compact keeps the deltas that carry something, in place.
func compact(deltas []usage.Delta) []usage.Delta {
	kept := deltas[:0]
	for i := range deltas {
		if deltas[i].Any() {
			kept = append(kept, deltas[i])
		}
	}
	return kept
}

// locate returns the slot of a key, defining the series if it is new and there is
// room for it.
func (e *Engine) locate(key []byte, hash uint64) uint32 {
	if slot, ok := e.table.find(key, hash); ok {
		return slot
	}
	schema := e.options.Schemas.Get(usage.SchemaOf(key))
	if e.folding.full(schema, e.series[schema.Kind]) {
		return e.fold(key, hash, schema)
	}
	return e.found(key, hash, schema)
}

// found begins a series and returns its slot.
func (e *Engine) found(key []byte, hash uint64, schema *usage.Schema) uint32 {
	owned := usage.Key(key)
	def := usage.Definition{
		Slot:   e.table.vacant(),
		Schema: schema,
		Values: owned.AppendValues(make([]string, 0, len(schema.Names))),
		Start:  e.commit.Wall,
	}
	e.define(&def, owned, hash)
	e.wheel.put(def.Slot, usage.AddSaturating(e.commit.Age, e.wheel.retention))
	e.commit.Defined = append(e.commit.Defined, def)
	e.observer.Created(schema.Kind)
	return def.Slot
}

// define adds an empty series in the slot that the definition names.
func (e *Engine) define(def *usage.Definition, key usage.Key, hash uint64) *series {
	s := newSeries(def.Schema.Kind)
	s.key, s.hash, s.start = key, hash, def.Start
	e.table.put(def.Slot, s)
	e.series[def.Schema.Kind]++
	e.claim(def.Schema, def.Values, 1)
	e.budgets.define(def.Slot, def.Schema, def.Values)
	return s
}

// claim notes that a service calls a provider's models, as a live series or a retired
// row says: by is 1, or -1 when that ends.
func (e *Engine) claim(schema *usage.Schema, values []string, by int) {
	if schema.Kind != usage.Provider || schema.Overflow() {
		return
	}
	// The order is that of usage.BaseNames.
	service, provider, kind := values[0], values[1], values[2]
	if kind != usage.GenAI {
		return
	}
	claim := string(usage.AppendClaim(nil, service, provider))
	e.claims[claim] += by
	if e.claims[claim] <= 0 {
		delete(e.claims, claim)
	}
}

// apply adds a commit whose series are defined. A series restored from a
// snapshot that already contains the commit is left as it is; the sequence
// numbers move last, because a series has a delta for each hour. crossed is told of the
// levels of budgets that are reached; nil: whoever has counted the commit was.
func (e *Engine) apply(c *usage.Commit, crossed func(budget, level int)) {
	for i := range c.Deltas {
		d := &c.Deltas[i]
		if s := e.table.at(d.Slot); s.seq < c.Seq {
			gained := s.add(d)
			s.touched = c.Age
			e.history.add(d.Slot, e.kindOf(s), d.Hour, &gained)
			e.budgets.count(d, &gained, c, crossed)
		}
	}
	for i := range c.Deltas {
		s := e.table.at(c.Deltas[i].Slot)
		s.seq = max(s.seq, c.Seq)
	}
	e.books.add(c)
	e.budgets.seq = max(e.budgets.seq, c.Seq)
	e.seq = c.Seq
}

func (e *Engine) kindOf(s *series) usage.Kind { return e.options.Schemas.Get(s.key.Schema()).Kind }
