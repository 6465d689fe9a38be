package engine

import "github.com/otelusage/usageprocessor/internal/usage"

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
	list  []usage.Choice
	index map[string]int32 // into list
}

func newChoices() choices { return choices{index: map[string]int32{}} }

// mayBill says whether a signal bills the calls of a source or, as far as is
// known, could: what else is in the batch may take over for it.
func (c *choices) mayBill(source []byte, rank usage.Rank) bool {
	n, ok := c.index[string(source)]
	return rank != usage.NeverCounts && (!ok || rank&^usage.Weak <= c.list[n].Rank)
}

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
		return rank < c.list[n].Rank
	}
	return len(c.list) < maxChoices && len(source) <= maxSource
}

// set notes a choice, if there is room.
func (c *choices) set(v usage.Choice) {
	n, ok := c.index[v.Source]
	switch {
	case ok:
		c.list[n].Rank = v.Rank
	case len(c.list) < maxChoices && len(v.Source) <= maxSource:
		c.index[v.Source] = int32(len(c.list))
		c.list = append(c.list, v)
	}
}

// choose is how a source with counted records has its say: one of a better rank
// takes over. mu is held.
func (e *Engine) choose(source []byte, rank usage.Rank) (mayBill bool) {
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
	return append(dst, all[min(from, end):end]...), end < len(all)
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
