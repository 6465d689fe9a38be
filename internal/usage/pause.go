package usage

// Pause makes nothing in the batch count, because counting is paused. All that is
// left to be remembered of it is what cumulative streams say: what they grow by
// meanwhile does not count later either.
func (b *Batch) Pause() {
	received := b.Ledger.Received()
	for i := range b.records {
		b.Drop(i, SkippedPaused)
		b.records[i].hit = false
	}
	b.touches, b.hits = b.touches[:0], b.hits[:0]
	clear(b.Marks.Keys)
	b.Ledger = Ledger{SkippedPaused: received}
}
