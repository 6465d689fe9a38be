package usage

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// sourced is a batch of records, one for each source, where 0 is none.
func sourced(ranks ...Rank) *Batch {
	var schemas Schemas
	s := schemas.Intern(Provider, []string{"a"})
	b := NewBatch(NewHasher())
	for _, rank := range ranks {
		source := int32(0)
		if rank > 0 {
			source = b.Source([]byte("x"), rank)
		}
		g, _ := b.Group([]byte(keyOf(s, "x")), 0, source)
		b.Add(Record{Group: g}, 0)
	}
	return b
}

func TestSourcesWithCountedRecordsAreAsked(t *testing.T) {
	b := sourced(0, 3, 5, 3, 7, 5)
	b.Drop(4, SkippedNested)
	var asked []Rank
	assert.True(t, b.Sources(func(name []byte, rank Rank) bool {
		assert.Equal(t, "x", string(name))
		asked = append(asked, rank)
		return rank != 5
	}))
	assert.Equal(t, []Rank{3, 5}, asked, "that of 7 has no counted record")
	assert.Equal(t, Ledger{Counted: 3, SkippedNested: 1, SkippedDuplicateSignal: 2}, b.Ledger)
	asked = nil
	assert.False(t, b.Sources(func(_ []byte, rank Rank) bool {
		asked = append(asked, rank)
		return true
	}))
	assert.Equal(t, []Rank{3}, asked, "what was dropped is not asked again")
	assert.Equal(t, int64(3), b.Seal()[0].TotalRequests()+b.Seal()[1].TotalRequests())
}

func TestPointsAreAskedUnlessTheyAreDuplicates(t *testing.T) {
	b := sourced(0)
	point := func(stream uint64, verdict Verdict) {
		r := b.Add(Record{Amount: b.AddAmount(Amount{Stream: stream, Value: Value{Count: 5}, Calls: true, Field: -1})}, 0)
		if verdict != Counted {
			b.Drop(r, verdict)
		}
	}
	never := func(*Amount) Verdict {
		t.Error("asked")
		return Counted
	}
	requests := func(subtract func(*Amount) Verdict) int64 {
		b.Sum()
		return b.Settle(subtract)[0].TotalRequests()
	}
	assert.Equal(t, int64(1), requests(never), "no data points")
	point(0, Counted)
	assert.Equal(t, int64(1+5), requests(never), "no cumulative ones")
	point(1, Counted)
	point(2, Counted)
	point(3, SkippedDuplicateSignal)
	point(4, Duplicate)
	var asked []uint64
	assert.Equal(t, int64(1+5+4), requests(func(a *Amount) Verdict {
		asked = append(asked, a.Stream)
		a.Count--
		if a.Stream == 1 {
			return Counted
		}
		return SkippedBaseline
	}))
	assert.Equal(t, []uint64{1, 2, 3}, asked)
	assert.Equal(t, Ledger{Counted: 3, SkippedBaseline: 1, SkippedDuplicateSignal: 1, Duplicate: 1}, b.Ledger)
	assert.Equal(t, int64(1+5+4), b.Seal()[0].TotalRequests())
	assert.Equal(t, int64(3), b.Counted(0), "records, not requests")
}

func TestSpreadsOfStreamsAreKept(t *testing.T) {
	b := sourced(0)
	given := func() []BucketCount {
		return []BucketCount{{Bucket: 5, Count: 2}, {Bucket: 9}, {Bucket: 1, Count: 1}, {Bucket: 5, Count: math.MaxInt64}}
	}
	b.AddAmount(Amount{Value: Value{Spread: given()}})
	b.AddAmount(Amount{Stream: 1, Value: Value{Spread: given()}})
	b.AddAmount(Amount{Stream: 1, Value: Value{Spread: []BucketCount{{Bucket: 3}}}})
	b.KeepSpreads()
	want := []BucketCount{{Bucket: 1, Count: 1}, {Bucket: 5, Count: math.MaxInt64}}
	assert.Equal(t, given(), b.amounts[0].Spread, "that of a delta is no stream's")
	assert.Nil(t, b.amounts[0].Kept)
	assert.Equal(t, want, b.amounts[1].Spread)
	b.amounts[1].Spread[0].Count = 99
	assert.Equal(t, want, b.amounts[1].Kept, "a copy")
	assert.Empty(t, b.amounts[2].Kept)
}

func TestSpreadsAddUpInAnyOrder(t *testing.T) {
	n := func(bucket Bucket, count int64) BucketCount { return BucketCount{Bucket: bucket, Count: count} }
	var arena, sum []BucketCount
	for _, more := range [][]BucketCount{{n(2, 1), n(4, 1)}, {n(4, 1)}, {n(3, 1), n(4, 1), n(2, 1), n(2, math.MaxInt64)}, {}, {n(4, 1), n(3, 1)}} {
		sum = extend(&arena, sum, more)
	}
	assert.Equal(t, []BucketCount{n(2, math.MaxInt64), n(4, 4), n(3, 2)}, sum)
}

func TestCallsOfCountedRecordsAreAsked(t *testing.T) {
	b := sourced(0, 0, 0)
	for i := range 3 {
		b.AddCall(i, Call{Self: uint64(i + 1)})
	}
	b.Drop(0, SkippedAggregate)
	var asked []uint64
	assert.True(t, b.Calls(func(c *Call) bool {
		asked = append(asked, c.Self)
		return c.Self == 3
	}))
	assert.Equal(t, []uint64{2, 3}, asked)
	assert.Equal(t, Ledger{Counted: 1, SkippedAggregate: 1, SkippedNested: 1}, b.Ledger)
}

func TestAmountsAddUp(t *testing.T) {
	b := sourced(0)
	add := func(a Amount) { b.Add(Record{Outcome: Error, Amount: b.AddAmount(a)}, 0) }
	spread := []BucketCount{{Bucket: 3, Count: 4}}
	tokens := func(token TokenType, n int64, part bool) {
		add(Amount{Value: Value{Sum: n, Count: 99}, Field: FieldTokens + Field(token), Part: part, Rate: 2_500_000})
	}
	add(Amount{Value: Value{Sum: 40, Count: 4, Spread: spread}, Calls: true, Field: FieldDuration})
	add(Amount{Value: Value{Sum: 8, Count: 4, Spread: spread}, Field: FieldTimeToFirstToken})
	tokens(Input, 100, false)
	tokens(CacheRead, 30, true)
	tokens(CacheWrite, 20, true)
	tokens(Output, 5, false)
	tokens(Reasoning, 7, true)
	d := b.Seal()[0]
	assert.Equal(t, [Outcomes]int64{Success: 1, Error: 4}, d.Requests)
	assert.Equal(t, [TokenTypes]int64{50, 30, 20, 0, 7}, d.Tokens)
	assert.Equal(t, int64(0), d.InputOwed)
	assert.Equal(t, int64(2), d.OutputOwed, "nothing is left to take it off")
	assert.Equal(t, []int64{40, 8}, []int64{d.Duration, d.TimeToFirstToken})
	assert.Equal(t, spread, d.DurationSpread)
	assert.Equal(t, spread, d.FirstTokenSpread)
	assert.Equal(t, int64(125+75+50+0+18), d.CostPriced, "of what remains, each type rounded half up")
	assert.Len(t, d.Durations, 1)
}

func TestCostOfTokens(t *testing.T) {
	for _, c := range []struct{ tokens, rate, want int64 }{
		{0, 5, 0},
		{1, 499_999, 0},
		{1, 500_000, 1},
		{3, 2_500_000, 8},
		{1_000_000, 7, 7},
		{math.MaxInt64, 1_000_000, math.MaxInt64},
		{math.MaxInt64, 1_000_001, math.MaxInt64},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64},
		{math.MaxInt64, 1, 9_223_372_036_855},
	} {
		assert.Equal(t, c.want, cost(c.tokens, c.rate), "%d at %d", c.tokens, c.rate)
	}
}

func TestDiscountIsAShareOfThePrice(t *testing.T) {
	for _, c := range []struct{ cost, tokens, owed, want int64 }{
		{100, 10, 0, 0},
		{100, 10, 3, 30},
		{100, 10, 10, 100},
		{100, 10, 11, 100},
		{1, 2, 1, 1}, // half up
		{1, 3, 1, 0},
		{0, 10, 10, 0},
		{100, 0, 10, 0},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64},
		{math.MaxInt64, math.MaxInt64, 1, 1},
		{math.MaxInt64, 2, 1, math.MaxInt64/2 + 1},
	} {
		assert.Equal(t, c.want, share(c.cost, c.tokens, c.owed), "%d of %d tokens that cost %d", c.owed, c.tokens, c.cost)
	}
	b := sourced(0)
	for token, n := range map[TokenType]int64{Input: 10, CacheRead: 20, Output: 30} {
		b.Add(Record{Amount: b.AddAmount(Amount{Value: Value{Sum: n}, Field: FieldTokens + Field(token), Rate: 2_000_000})}, 0)
	}
	d := b.Seal()[0]
	d.Discount(5, 10)
	assert.Equal(t, int64(120-10-20), d.CostPriced)
	d.Discount(5, 10)
	assert.Equal(t, int64(120-10-20), d.CostPriced, "once")
}

// Calls whose times are not known are calls, and nothing else.
func TestUntimedAmountsAreCalls(t *testing.T) {
	b := sourced(0)
	b.Add(Record{Amount: b.AddAmount(Amount{Value: Value{Sum: 7, Count: 4}, Untimed: true, Calls: true, Field: FieldDuration})}, 0)
	d := b.Seal()[0]
	assert.Equal(t, []int64{5, 0}, []int64{d.TotalRequests(), d.Duration})
}

func TestWithdrawnAliases(t *testing.T) {
	b := sourced(0, 0)
	b.Marks.Also(0, 11)
	b.Marks.Also(1, 11)
	b.Drop(0, SkippedNested)
	b.WithdrawAliases()
	assert.Equal(t, []uint64{0, 0, 0, 11}, b.Marks.Keys, "that which counts keeps it")
	copy(b.Marks.Seen, []bool{false, false, false, true})
	b.DropDuplicates()
	assert.Equal(t, Ledger{SkippedNested: 1, SkippedDuplicateSignal: 1}, b.Ledger)
}
