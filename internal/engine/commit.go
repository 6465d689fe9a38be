package engine

import (
	"github.com/otelusage/usageprocessor/internal/engine/dedup"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Commit counts a batch and returns the sequence number that has to be durable
// before the batch may be acknowledged. That of a batch of duplicates is new as
// well, hence behind their originals.
func (e *Engine) Commit(b *usage.Batch, now usage.Moment) (seq uint64) {
	b.WithdrawAliases()
	// Nearly always the batch is as it will be in the end.
	deltas := b.Seal()
	probed := e.probe(&b.Marks, now)
	e.mu.Lock()
	defer e.mu.Unlock()
	// Later than any export, hence every series starts after the last one.
	e.advance(now, 1)
	c := &e.commit
	c.Seq, c.Moment, c.Signal = e.seq+1, e.moment, b.Signal
	c.Defined, c.Choices, c.Calls, c.Streams = c.Defined[:0], c.Choices[:0], c.Calls[:0], forgetStreams(c.Streams)
	if e.countOnce(b, probed) {
		deltas = b.Seal()
	}
	c.Keys = b.Marks.AppendNew(c.Keys[:0])
	e.resolve(b, deltas)
	c.Deltas, c.Ledger = compact(deltas), b.Ledger
	e.apply(c)
	if e.options.Journal != nil {
		e.options.Journal(c)
	}
	return c.Seq
}

// forgetStreams empties the streams of a commit, which refer to their spreads.
func forgetStreams(s []usage.Stream) []usage.Stream {
	clear(s)
	return s[:0]
}

// countOnce takes out what has been counted before, in whatever form, and says
// whether anything in the batch has changed.
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
	changed = b.Calls(e.nested) || changed
	return b.Points(e.subtract) || changed
}

// advance moves the clocks, the wall clock by step nanoseconds at least.
func (e *Engine) advance(now usage.Moment, step int64) {
	e.moment.Wall = max(now.Wall, e.moment.Wall+step)
	e.moment.Age = max(now.Age, e.moment.Age)
	e.choices.age, e.streams.now = e.moment.Age, e.moment.Wall
	e.advanceWindow()
}

// resolve gives every delta its slot and empties those that repeat inference.
// Shadows come last: inference counted in this very batch shadows them too,
// although its transport mostly stands before it (the inner span ends first).
func (e *Engine) resolve(b *usage.Batch, deltas []usage.Delta) {
	for i := range deltas {
		if deltas[i].Any() && len(b.ShadowOf(i)) == 0 {
			deltas[i].Slot = e.locate(b.Key(i))
			if v := e.table.at(deltas[i].Slot).inference; v != nil && v.inputOwed|v.outputOwed != 0 {
				deltas[i].Discount(v.inputOwed, v.outputOwed)
			}
		}
	}
	for i := range deltas {
		shadow := b.ShadowOf(i)
		if !deltas[i].Any() || len(shadow) == 0 {
			continue
		}
		if _, claimed := e.claims[string(shadow)]; claimed {
			b.Ledger.Move(usage.Counted, usage.SkippedInferenceHTTP, b.Counted(i))
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

// locate returns the slot of a key, defining the series if it is new.
func (e *Engine) locate(key []byte, hash uint64) uint32 {
	if slot, ok := e.table.find(key, hash); ok {
		return slot
	}
	owned := usage.Key(key)
	schema := e.options.Schemas.Get(owned.Schema())
	def := usage.Definition{
		Slot:   e.table.next(),
		Schema: schema,
		Values: owned.AppendValues(make([]string, 0, len(schema.Names))),
		Start:  e.commit.Wall,
	}
	e.define(&def, owned, hash)
	e.commit.Defined = append(e.commit.Defined, def)
	return def.Slot
}

// define adds an empty series in the next slot, which the definition names.
func (e *Engine) define(def *usage.Definition, key usage.Key, hash uint64) *series {
	s := newSeries(def.Schema.Kind)
	s.key, s.hash, s.start = key, hash, def.Start
	e.table.put(s)
	e.series[def.Schema.Kind]++
	e.claim(def.Schema.Kind, def.Values)
	return s
}

// claim notes that an inference series exists.
func (e *Engine) claim(kind usage.Kind, values []string) {
	if kind != usage.Provider {
		return
	}
	// The order is that of usage.BaseNames.
	if service, provider, kind := values[0], values[1], values[2]; kind == usage.GenAI {
		e.claims[string(usage.AppendClaim(nil, service, provider))] = struct{}{}
	}
}

// apply adds a commit whose series are defined. A series restored from a
// snapshot that already contains the commit is left as it is; the sequence
// numbers move last, because a series has a delta for each hour.
func (e *Engine) apply(c *usage.Commit) {
	for i := range c.Deltas {
		if s := e.table.at(c.Deltas[i].Slot); s.seq < c.Seq {
			s.add(&c.Deltas[i])
		}
	}
	for i := range c.Deltas {
		s := e.table.at(c.Deltas[i].Slot)
		s.seq = max(s.seq, c.Seq)
	}
	e.books.add(c)
	e.seq = c.Seq
}
