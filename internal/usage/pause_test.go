package usage

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Of a batch that is paused remains how much it was, and where its streams are.
func TestPause_I5(t *testing.T) {
	var schemas Schemas
	s := schemas.Intern(Endpoint, []string{"a"})
	b := NewBatch(NewHasher())
	b.Signal = Metrics
	fill := func() {
		source := b.Source([]byte("source"), 1)
		group, _ := b.Group([]byte(keyOf(s, "x")), 0, source)
		b.Shadow(group, []byte("claim"))
		n := b.Add(Record{Group: group, Inference: b.AddInference(Inference{})}, 1)
		b.AddCall(n, Call{Self: 1})
		b.Touch(n, []byte("owner"), []byte("id"), Touch{})
		b.Marks.Also(n, 2)
		b.Add(Record{Group: group, Amount: b.AddAmount(Amount{Stream: 1, Value: Value{Sum: 5}})}, 0)
		b.Ledger[UnmeteredInternal]++
	}
	fill()
	b.Pause()
	assert.Equal(t, Metrics, b.Signal)
	assert.Equal(t, Ledger{SkippedPaused: 3}, b.Ledger)
	assert.Equal(t, int64(3), b.Ledger.Received())
	assert.Empty(t, b.Marks.AppendNew(nil))
	assert.False(t, b.Sources(func([]byte, Rank) bool { t.Error("a source"); return false }))
	assert.False(t, b.Calls(func(*Call) bool { t.Error("a call"); return false }))
	b.Touches(func(Touched) { t.Error("a touch") })
	b.Sum()
	points := 0
	for _, d := range b.Settle(func(*Amount) Verdict { points++; return Counted }) {
		assert.False(t, d.Any())
	}
	assert.Equal(t, 1, points)
	assert.Equal(t, Ledger{SkippedPaused: 3}, b.Ledger)

	b.Reset()
	fill()
	b.Sum()
	deltas := b.Settle(func(*Amount) Verdict { return Counted })
	assert.Len(t, deltas, 1, "the batch is as good as new")
	assert.Equal(t, Ledger{Counted: 2, UnmeteredInternal: 1}, b.Ledger)
}
