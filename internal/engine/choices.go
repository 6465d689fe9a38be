package engine

import (
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

const (
	// maxChoices bounds the sources that are remembered; the calls of others count
	// whatever tells of them.
	maxChoices = 100_000
	// maxSource bounds the name of one, in bytes: it comes from strangers.
	maxSource = 1024
)

// choices are the signals that bill the calls of each source. They are listed in
// the order in which sources appeared, so that they can be copied in parts.
type choices struct {
	list  []choice
	index map[string]int32 // into list
	// age is that of the newest commit; swept, when silent sources were looked for.
	age, swept int64
}

// choice is a choice and the age at which its signal was last seen. That is not kept
// over a restart: begin takes all of them for seen.
type choice struct {
	usage.Choice
	seen int64
}

// lapse is for how long a signal may be silent before a worse one takes over: a
// service may have changed what it sends, or a test may have sent it once.
const lapse = int64(24 * time.Hour)

func newChoices() choices { return choices{index: map[string]int32{}} }

// mayBill says whether a signal bills the calls of a source or, as far as is
// known, could: what else is in the batch may take over for it.
func (c *choices) mayBill(source []byte, rank usage.Rank) bool {
	n, ok := c.index[string(source)]
	return rank != usage.NeverCounts && (!ok || rank&^usage.Weak <= c.list[n].Rank || c.lapsed(n))
}

func (c *choices) lapsed(n int32) bool { return c.age-c.list[n].seen > lapse }

// billed says whether a signal bills the calls of a source.
func (c *choices) billed(source []byte, rank usage.Rank) bool {
	n, ok := c.index[string(source)]
	if !ok {
		return rank != usage.NeverCounts
	}
	return c.list[n].Bills(rank)
}

// wins says whether a signal is to bill a source from now on.
func (c *choices) wins(source []byte, rank usage.Rank) bool {
	if rank.IsWeak() || rank == usage.NeverCounts {
		return false
	}
	if n, ok := c.index[string(source)]; ok {
		return rank < c.list[n].Rank || rank > c.list[n].Rank && c.lapsed(n)
	}
	return len(c.list) < maxChoices && len(source) <= maxSource
}

// hear notes that the signal which bills a source is there: one that was silent for
// long and comes together with a worse one goes on.
func (c *choices) hear(source []byte, rank usage.Rank) {
	if n, ok := c.index[string(source)]; ok && rank == c.list[n].Rank {
		c.list[n].seen = c.age
	}
}

// set notes a choice, if there is room. Where there was none, replay makes some.
func (c *choices) set(v usage.Choice) {
	n, ok := c.index[v.Source]
	if !ok {
		c.sweep()
	}
	switch {
	case ok:
		c.list[n] = choice{v, c.age}
	case len(c.list) < maxChoices && len(v.Source) <= maxSource:
		c.index[v.Source] = int32(len(c.list))
		c.list = append(c.list, choice{v, c.age})
	}
}

// begin is when counting goes on from what was stored: until then nothing was silent.
func (c *choices) begin(age int64) {
	c.age = age
	for n := range c.list {
		c.list[n].seen = age
	}
}

// sweep makes room when there are too many sources: those whose signals have been
// silent for long are forgotten. Their services are gone, and if they return they
// choose again. No snapshot may be taken meanwhile.
func (c *choices) sweep() {
	if len(c.list) < maxChoices || c.age-c.swept <= lapse/24 {
		return // or looked in vain not long ago
	}
	kept := choices{index: make(map[string]int32, len(c.index)), age: c.age, swept: c.age}
	for n := range c.list {
		if !c.lapsed(int32(n)) {
			kept.index[c.list[n].Source] = int32(len(kept.list))
			kept.list = append(kept.list, c.list[n])
		}
	}
	*c = kept
}

// choose is how a source with counted records has its say: one of a better rank
// takes over. mu is held.
func (e *Engine) choose(source []byte, rank usage.Rank) (mayBill bool) {
	e.choices.hear(source, rank)
	if e.choices.wins(source, rank) {
		choice := usage.Choice{Source: string(source), Rank: rank}
		e.choices.set(choice)
		e.commit.Choices = append(e.commit.Choices, choice)
	}
	return e.choices.mayBill(source, rank)
}

// Choices copies up to limit choices from number from on, as Retired does.
func (e *Engine) Choices(dst []usage.Choice, from, limit int) (out []usage.Choice, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.choices.list
	end := min(from+limit, len(all))
	for i := min(from, end); i < end; i++ {
		dst = append(dst, all[i].Choice)
	}
	return dst, end < len(all)
}

// RestoreChoices puts choices from a snapshot into an engine that counts nothing
// yet.
func (e *Engine) RestoreChoices(list []usage.Choice) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range list {
		e.choices.set(v)
	}
}
