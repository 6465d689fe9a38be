package usage

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// metered is a batch with a group of one meter, which is the first, and one of
// calls.
func metered() (b *Batch, meter, calls int32) {
	b = NewBatch(NewHasher())
	meter, _ = b.Group([]byte("meter"), 0, 0)
	calls, _ = b.Group([]byte("calls"), 0, 0)
	return b, meter, calls
}

func TestHitsAddUp(t *testing.T) {
	b := NewBatch(NewHasher())
	for range 2 { // the second round works on reused memory
		b.Reset()
		meter, _ := b.Group([]byte("meter"), 0, 0)
		calls, _ := b.Group([]byte("calls"), 0, 0)
		b.Hit(b.Add(Record{Group: calls}, 1), meter, 2, 5)
		b.Ledger[UnmeteredInternal]++
		n := b.AddUnmetered(UnmeteredInternal, 2)
		b.Hit(n, meter, math.MaxInt64, math.MaxInt64)
		b.Hit(n, calls, 1, 0) // any group may be one of a meter
		b.Add(Record{Group: calls}, 3)
		deltas := b.Seal()
		assert.Equal(t, Measures{Hits: 2, Value: math.MaxInt64, ValueParts: math.MaxInt64}, deltas[meter].Measures, "saturates")
		assert.Equal(t, Measures{Hits: 1, Value: 1, Requests: [Outcomes]int64{Success: 2}}, deltas[calls].Measures)
		assert.Equal(t, Ledger{Counted: 3}, b.Ledger)
		assert.Equal(t, int64(1), b.Counted(int(calls)), "for the group and for nothing else")
	}
}

// What drops a record for another reason than that it was counted before takes it
// from its group, not from the meters; the ledger has it once all the way.
func TestDroppedRecordsHit(t *testing.T) {
	for verdict := range Verdict(Verdicts) {
		t.Run(verdict.Result()+" "+verdict.Reason(), func(t *testing.T) {
			b, meter, calls := metered()
			before, after := b.Add(Record{Group: calls}, 1), b.Add(Record{Group: calls}, 2)
			b.Add(Record{Group: calls}, 3)
			b.Drop(before, verdict)
			b.Hit(before, meter, 1, 0)
			b.Hit(after, meter, 10, 0)
			b.Drop(after, verdict)
			hits, requests := int64(2), int64(1)
			if verdict == Duplicate {
				hits = 0
			}
			if verdict == Counted {
				requests = 3
			}
			deltas := b.Seal()
			assert.Equal(t, hits, deltas[meter].Hits)
			assert.Equal(t, requests, deltas[calls].TotalRequests())
			assert.Equal(t, int64(1), b.Counted(int(calls)))
			assert.Equal(t, int64(3), b.Ledger.Received())
			assert.Equal(t, 1+hits, b.Ledger[Counted])
			b.Drop(before, Duplicate)
			b.Drop(after, Duplicate)
			assert.Equal(t, Ledger{Counted: 1, Duplicate: 2}, b.Ledger)
			assert.Zero(t, b.Seal()[meter].Hits)
		})
	}
}

// Points of cumulative streams are told apart only when the batch is settled.
func TestHitsOfStreams(t *testing.T) {
	b, meter, calls := metered()
	for i, verdict := range []Verdict{Counted, SkippedBaseline, Duplicate} {
		n := b.Add(Record{Group: calls, Amount: b.AddAmount(Amount{Value: Value{Count: 5}, Calls: true, Field: -1, Stream: uint64(verdict) + 1})}, 0)
		b.Marks.Supply(n, uint64(i+1))
		b.Marks.Supply(n, 99)
		b.Hit(n, meter, 1, 0)
	}
	assert.Equal(t, []uint64{1, 2, 3}, b.Marks.Keys, "a key is supplied once")
	b.Sum()
	assert.Zero(t, b.deltas[meter].Hits)
	deltas := b.Settle(func(a *Amount) Verdict { return Verdict(a.Stream - 1) })
	assert.Equal(t, Measures{Hits: 2, Value: 2}, deltas[meter].Measures)
	assert.Equal(t, int64(5), deltas[calls].TotalRequests())
	assert.Equal(t, Ledger{Counted: 2, Duplicate: 1}, b.Ledger)
}

func TestShadowsLeaveHits(t *testing.T) {
	b, meter, calls := metered()
	b.Hit(b.Add(Record{Group: calls}, 1), meter, 1, 0)
	b.Add(Record{Group: calls}, 2)
	// As the engine does with a group that repeats inference.
	b.Ledger.Move(Counted, SkippedInferenceHTTP, b.Counted(int(calls)))
	assert.Equal(t, Ledger{Counted: 1, SkippedInferenceHTTP: 1}, b.Ledger)
}

func TestSourcesOfHitsAreAsked(t *testing.T) {
	b := NewBatch(NewHasher())
	source := b.Source([]byte("source"), 1)
	calls, _ := b.Group([]byte("calls"), 0, source)
	meter, _ := b.Group([]byte("meter"), 0, 0)
	b.Hit(b.Add(Record{Group: calls}, 1), meter, 1, 0)
	assert.True(t, b.Sources(func([]byte, Rank) bool { return false }))
	deltas := b.Seal()
	assert.Zero(t, deltas[calls].TotalRequests())
	assert.Equal(t, int64(1), deltas[meter].Hits)
	assert.Equal(t, Ledger{Counted: 1}, b.Ledger)
}

// A record that was dropped for another one gives up its key, and with the same key
// its hits, because it is the same record.
func TestWithdrawnRecords(t *testing.T) {
	for name, tt := range map[string]struct {
		keys []uint64 // of the dropped record and the kept one
		hits bool     // whether the dropped one has any

		want  []uint64
		total int64
	}{
		"no hits":         {[]uint64{1, 2}, false, []uint64{0, 2}, 1},
		"same, no hits":   {[]uint64{1, 1}, false, []uint64{0, 1}, 1},
		"hits":            {[]uint64{1, 2}, true, []uint64{1, 2}, 2},
		"same, hits":      {[]uint64{1, 1}, true, []uint64{0, 1}, 1},
		"no keys":         {[]uint64{0, 0}, true, []uint64{0, 0}, 2},
		"no key for each": {[]uint64{0, 1}, true, []uint64{0, 1}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b, meter, calls := metered()
			dropped, kept := b.Add(Record{Group: calls}, tt.keys[0]), b.Add(Record{Group: calls}, tt.keys[1])
			b.Drop(dropped, SkippedNested)
			if tt.hits {
				b.Hit(dropped, meter, 1, 0)
			}
			b.Hit(kept, meter, 1, 0)
			b.Withdraw(dropped, kept)
			assert.Equal(t, tt.want, b.Marks.Keys)
			assert.Equal(t, tt.total, b.Seal()[meter].Hits)
			assert.Equal(t, Ledger{Counted: tt.total, SkippedNested: 2 - tt.total}, b.Ledger)
		})
	}
}
