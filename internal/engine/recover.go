package engine

import (
	"fmt"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Forget forgets everything, so that an older snapshot can be tried.
func (e *Engine) Forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.clear()
	e.retired, e.claims = newRetired(), map[string]int{}
	e.history, e.imports = newHistory(&e.options), newImports()
	e.seq, e.moment = 0, usage.Moment{}
	e.books = books{}
	e.window = usage.Window{}
	e.folding = newFolding(e.options.Limits, e.options.Schemas)
	e.sessions = newSessions(e.options.SessionTTL, e.options.MaxSessions)
	e.budgets = newBudgets(e.options.Budgets, e.history.calendar)
	e.choices, e.calls, e.streams = newChoices(), calls{}, newStreams(e.options.Since)
	if e.options.Dedup != nil {
		e.options.Dedup.Reset()
	}
}

func (e *Engine) clear() {
	e.table, e.series = newTable(), [usage.Kinds]int{}
	e.wheel = newWheel(e.options.Retention)
}

// Restore puts a series from a snapshot into an engine that counts nothing yet.
func (e *Engine) Restore(row *usage.Row) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if row.Slot >= maxSlots {
		return fmt.Errorf("series %d is beyond %d", row.Slot, maxSlots)
	}
	e.table.reach(row.Slot) // those before it may have ended
	def := usage.Definition{Slot: row.Slot, Schema: row.Schema, Values: row.Values, Start: row.Start}
	s, err := e.redefine(&def)
	if err != nil {
		return err
	}
	stored := []*usage.Distribution{&row.Durations, &row.FirstTokens}
	if row.Reported != nil {
		stored = append(stored, &row.Reported.Durations, &row.Reported.FirstTokens)
	}
	for _, d := range stored {
		if err := e.checkRange(d); err != nil {
			return fmt.Errorf("series %d: %w", row.Slot, err)
		}
	}
	s.restore(row, e.options.Layout)
	for i := range row.Hours {
		e.history.add(row.Slot, row.Schema.Kind, row.Hours[i].Hour, &row.Hours[i].Measures)
	}
	return nil
}

// maxSlots is more than there can be of series: a snapshot that says otherwise must
// not take all memory.
const maxSlots = 1 << 25

// checkRange refuses buckets that the layout does not have.
func (e *Engine) checkRange(d *usage.Distribution) error {
	first, last := int(d.Offset), int(d.Offset)+len(d.Counts)-1
	if len(d.Counts) == 0 {
		return nil
	}
	for _, b := range []int{first, last} {
		if b != int(int16(b)) || !e.options.Layout.Holds(usage.Bucket(b)) {
			return fmt.Errorf("bucket %d is out of range", b)
		}
	}
	return nil
}

// Resume sets where the journal goes on: base is the commit before the first
// one that is replayed. The totals, copied after the series, may be ahead of it.
func (e *Engine) Resume(base uint64, totals usage.Totals) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seq, e.moment = base, totals.Moment
	e.books = books{ledgers: totals.Ledgers, seq: totals.Seq}
	e.history.resume(totals.History)
	e.budgets.restore(totals.Budgets, totals.Seq)
	e.choices.begin(totals.Age)
	e.window = totals.Window.Clone()
	e.streams.resume(totals.Since, totals.Forgotten)
	e.table.reach(min(totals.Slots, maxSlots))
	e.advanceWindow()
}

// Replay applies a commit from the journal. Those that a snapshot already
// contains change nothing; a gap or an unknown series is an error.
func (e *Engine) Replay(c *usage.Commit) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.Seq != e.seq+1 {
		return fmt.Errorf("commit %d follows commit %d", c.Seq, e.seq)
	}
	if c.Reset != nil {
		e.erase(c.Reset)
	}
	for i := range c.Defined {
		if _, err := e.redefine(&c.Defined[i]); err != nil {
			return fmt.Errorf("commit %d: %w", c.Seq, err)
		}
	}
	for i := range c.Deltas {
		if err := e.check(&c.Deltas[i]); err != nil {
			return fmt.Errorf("commit %d: %w", c.Seq, err)
		}
	}
	e.advance(c.Moment, 0)
	e.remember(c.Age, c.Keys)
	e.recall(c)
	e.apply(c, nil)
	return e.recallEnds(c)
}

// recallEnds ends what a replayed commit has ended: no snapshot was taken while it
// did.
func (e *Engine) recallEnds(c *usage.Commit) error {
	for i := range c.Sessions {
		e.recallSession(&c.Sessions[i])
	}
	for _, slot := range c.Expired {
		if e.table.at(slot) == nil {
			return fmt.Errorf("commit %d: series %d, which ends, is not defined", c.Seq, slot)
		}
		e.retire(slot)
	}
	return nil
}

// recall remembers what a replayed commit has decided. A snapshot may contain it,
// or what came later; in the end all is as it was.
func (e *Engine) recall(c *usage.Commit) {
	for _, v := range c.Choices {
		e.choices.set(v)
	}
	for i := range c.Calls {
		e.calls.enter(&c.Calls[i])
	}
	for i := range c.Streams {
		e.streams.put(&c.Streams[i])
	}
}

// check refuses what apply could not add.
func (e *Engine) check(d *usage.Delta) error {
	if e.table.at(d.Slot) == nil {
		return fmt.Errorf("series %d is not defined", d.Slot)
	}
	for _, buckets := range [][]usage.Bucket{d.Durations, d.FirstTokens} {
		for _, b := range buckets {
			if !e.options.Layout.Holds(b) {
				return fmt.Errorf("series %d: bucket %d is out of range", d.Slot, b)
			}
		}
	}
	for _, spread := range [][]usage.BucketCount{d.DurationSpread, d.FirstTokenSpread} {
		for _, b := range spread {
			if !e.options.Layout.Holds(b.Bucket) {
				return fmt.Errorf("series %d: bucket %d is out of range", d.Slot, b.Bucket)
			}
		}
	}
	return nil
}

// redefine defines a stored series, or finds it where the snapshot had it.
func (e *Engine) redefine(def *usage.Definition) (*series, error) {
	k := &e.table.builder
	k.Set(def.Schema, def.Values)
	if s := e.table.at(def.Slot); s != nil {
		if string(s.key) != string(k.Bytes()) {
			return nil, fmt.Errorf("series %d is defined twice, differently", def.Slot)
		}
		return s, nil
	}
	if end := e.table.end(); def.Slot > end {
		return nil, fmt.Errorf("series %d is defined where series %d was due", def.Slot, end)
	}
	hash := e.options.Hasher.Sum(k.Bytes())
	if slot, ok := e.table.find(k.Bytes(), hash); ok {
		return nil, fmt.Errorf("series %d and %d have the same identity", slot, def.Slot)
	}
	return e.define(def, usage.Key(k.Bytes()), hash), nil
}
