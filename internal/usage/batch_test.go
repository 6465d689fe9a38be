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
		r.Group, _ = b.Group([]byte(keyOf(s, name)), hour, 0)
		return b.Add(r, 0)
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
		n, added := b.Group(name(i), 0, 0)
		assert.Equal(t, int32(i), n)
		assert.True(t, added)
	}
	for i := range 5000 {
		n, added := b.Group(name(i), 0, 0)
		assert.Equal(t, int32(i), n)
		assert.False(t, added)
	}
}

func TestEveryVerdictIsNamed(t *testing.T) {
	names := map[string]bool{}
	for v := range Verdict(Verdicts) {
		name := v.Result() + "/" + v.Reason()
		assert.False(t, names[name], "%d is named like another verdict", v)
		names[name] = true
		assert.Equal(t, v == Counted, v.Result() == "counted")
	}
}

func TestDuplicatesAreTakenOutAgain(t *testing.T) {
	var schemas Schemas
	s := schemas.Intern(Endpoint, []string{"a"})
	b := NewBatch(NewHasher())
	x, _ := b.Group([]byte(keyOf(s, "x")), 0, 0)
	y, _ := b.Group([]byte(keyOf(s, "y")), 0, 0)
	b.Add(Record{Group: x, Outcome: Error, Bucket: 1}, 11)
	b.Add(Record{Group: x, Bucket: 2}, 12)
	b.Drop(b.Add(Record{Group: y, Bucket: 3}, 13), SkippedNested)
	b.Add(Record{Group: y, Bucket: 4}, 0)
	b.Add(Record{Group: y, Bucket: 5}, 14)
	b.Marks.Share(99)
	assert.Equal(t, []Bucket{1, 2}, b.Seal()[0].Durations)

	copy(b.Marks.Seen, []bool{true, false, true, false, false, true})
	b.DropDuplicates()
	deltas := b.Seal()
	assert.Equal(t, [Outcomes]int64{Success: 1}, deltas[0].Requests)
	assert.Equal(t, []Bucket{2}, deltas[0].Durations)
	assert.Equal(t, []Bucket{5}, deltas[1].Durations, "what has no key is a duplicate with all its like")
	assert.Equal(t, Ledger{Counted: 2, Duplicate: 3}, b.Ledger, "a nested record that comes again is a duplicate")
	assert.Equal(t, []uint64{12, 14}, b.Marks.AppendNew(nil))

	b.Reset()
	b.Group([]byte(keyOf(s, "x")), 0, 0)
	b.Add(Record{Group: 0}, 0)
	b.Add(Record{Group: 0}, 7)
	b.Marks.Seen[1] = true
	b.DropDuplicates()
	assert.Equal(t, Ledger{Counted: 1, Duplicate: 1}, b.Ledger, "without a shared key nothing speaks for records without one")
}
