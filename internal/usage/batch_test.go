package usage

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSealAddsUpByIdentityAndHour(t *testing.T) {
	var schemas Schemas
	s := schemas.Intern(Provider, []string{"a"})
	b := NewBatch(NewHasher())
	add := func(name string, hour int64, r Record) int {
		r.Group, _ = b.Group([]byte(keyOf(s, name)), hour)
		return b.Add(r)
	}
	for range 2 { // the second round works on reused memory
		b.Reset()
		add("x", 0, Record{Outcome: Success, Duration: 5, Bucket: 1, RequestBytes: 7})
		add("y", 0, Record{Outcome: Error, Duration: 6, Bucket: 2})
		add("x", 3600, Record{Outcome: Success, Duration: 7, Bucket: 3})
		call := b.AddInference(Inference{Tokens: [TokenTypes]int64{Input: 10}, TimeToFirstToken: 3, Bucket: 9})
		add("x", 0, Record{Outcome: Throttled, Duration: math.MaxInt64, Bucket: 4, Inference: call})
		silent := b.AddInference(Inference{TimeToFirstToken: -1})
		b.Drop(add("y", 0, Record{Outcome: Success, Duration: 1, Bucket: 5, Inference: silent}), SkippedNested)

		deltas := b.Seal()
		assert.Len(t, deltas, 3)
		assert.Equal(t, [Outcomes]int64{Success: 1, Throttled: 1}, deltas[0].Requests)
		assert.Equal(t, int64(math.MaxInt64), deltas[0].Duration, "saturates")
		assert.Equal(t, []Bucket{1, 4}, deltas[0].Durations)
		assert.Equal(t, []Bucket{9}, deltas[0].FirstTokens)
		assert.Equal(t, int64(10), deltas[0].Tokens[Input])
		assert.Equal(t, [Outcomes]int64{Error: 1}, deltas[1].Requests, "the dropped record is out")
		assert.Equal(t, int64(3600), deltas[2].Hour)
		assert.Equal(t, Ledger{Counted: 4, SkippedNested: 1}, b.Ledger)
		assert.Equal(t, int64(5), b.Ledger.Received())
	}
}

func TestBatchIndexGrows(t *testing.T) {
	var schemas Schemas
	s := schemas.Intern(Endpoint, []string{"a"})
	b := NewBatch(NewHasher())
	name := func(i int) []byte { return []byte(keyOf(s, string(rune('a'+i%1000))+string(rune('a'+i/1000)))) }
	for i := range 5000 {
		n, added := b.Group(name(i), 0)
		assert.Equal(t, int32(i), n)
		assert.True(t, added)
	}
	for i := range 5000 {
		n, added := b.Group(name(i), 0)
		assert.Equal(t, int32(i), n)
		assert.False(t, added)
	}
}

func TestEveryVerdictIsNamed(t *testing.T) {
	reasons := map[string]bool{}
	for v := range Verdict(Verdicts) {
		assert.False(t, reasons[v.Reason()], "%d has the reason of another verdict", v)
		reasons[v.Reason()] = true
		assert.Equal(t, v == Counted, v.Result() == "counted")
	}
}
