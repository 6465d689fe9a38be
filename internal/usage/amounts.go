package usage

import (
	"math"
	"math/bits"
)

// AddAmount keeps what a data point says, for Record.Amount.
func (b *Batch) AddAmount(a Amount) int32 {
	b.amounts = append(b.amounts, a)
	if a.Stream != 0 {
		b.points++
	}
	return int32(len(b.amounts))
}

// AddCall notes which call a record is about.
func (b *Batch) AddCall(record int, call Call) {
	b.calls = append(b.calls, recordCall{int32(record), call})
}

// Calls calls f with every call whose record is still counted. If f says that
// another record counts it, the record is dropped as nested.
func (b *Batch) Calls(f func(*Call) (nested bool)) (dropped bool) {
	for i := range b.calls {
		c := &b.calls[i]
		if b.records[c.record].verdict == Counted && f(&c.Call) {
			b.Drop(int(c.record), SkippedNested)
			dropped = true
		}
	}
	return dropped
}

// Sources calls f with every source that has records which are still counted.
// If f says that another signal bills its calls, they are dropped.
func (b *Batch) Sources(f func(name []byte, rank Rank) (billed bool)) (dropped bool) {
	if len(b.sources) == 0 {
		return false
	}
	b.findSources()
	for n := range b.sources {
		s := &b.sources[n]
		s.dropped = s.counts && !b.bills(s, f)
		dropped = dropped || s.dropped
	}
	if dropped {
		b.dropSources()
	}
	return dropped
}

func (b *Batch) bills(s *source, f func(name []byte, rank Rank) bool) bool {
	return (s.within == 0 || b.bills(&b.sources[s.within-1], f)) && f(b.bytes(s.name), s.rank)
}

// findSources finds out which sources have records that are still counted.
func (b *Batch) findSources() {
	for n := range b.sources {
		b.sources[n].counts = false
	}
	for i := range b.groups {
		if g := &b.groups[i]; g.source > 0 && g.counted > 0 {
			b.sources[g.source-1].counts = true
		}
	}
}

func (b *Batch) dropSources() {
	for i := range b.records {
		r := &b.records[i]
		if r.Group == NoGroup {
			continue
		}
		if source := b.groups[r.Group].source; source > 0 && r.verdict == Counted && b.sources[source-1].dropped {
			b.Drop(i, SkippedDuplicateSignal)
		}
	}
}

// share is what, of the cost of tokens, those cost that are owed, rounded half up.
func share(cost, tokens, owed int64) int64 {
	owed = min(owed, tokens)
	if cost <= 0 || owed <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(cost), uint64(owed))
	lo, carry := bits.Add64(lo, uint64(tokens)/2, 0)
	part, _ := bits.Div64(hi+carry, lo, uint64(tokens))
	return int64(part)
}

// cost is what tokens cost at a rate in nano-USD per million, rounded half up.
func cost(tokens, rate int64) int64 {
	const million = 1_000_000
	hi, lo := bits.Mul64(uint64(tokens), uint64(rate))
	lo, carry := bits.Add64(lo, million/2, 0)
	if hi += carry; hi >= million {
		return math.MaxInt64
	}
	quotient, _ := bits.Div64(hi, lo, million)
	return int64(min(quotient, math.MaxInt64))
}
