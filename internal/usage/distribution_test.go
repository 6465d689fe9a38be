package usage

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDistributionMinus(t *testing.T) {
	for name, c := range map[string]struct{ now, before, want Distribution }{
		"nothing before": {
			Distribution{Zero: 1, Scale: 2, Offset: -1, Counts: []uint64{1, 2}},
			Distribution{Scale: MaxScale},
			Distribution{Zero: 1, Scale: 2, Offset: -1, Counts: []uint64{1, 2}},
		},
		"nothing since": {
			Distribution{Scale: 3, Offset: 4, Counts: []uint64{1, 2}},
			Distribution{Scale: 3, Offset: 4, Counts: []uint64{1, 2}},
			Distribution{Scale: 3, Offset: 0, Counts: nil},
		},
		"zeros only": {
			Distribution{Zero: 5, Scale: 3}, Distribution{Zero: 2, Scale: 3}, Distribution{Zero: 3, Scale: 3},
		},
		"wider by now": {
			Distribution{Scale: 3, Offset: -2, Counts: []uint64{7, 0, 3, 0, 9}},
			Distribution{Scale: 3, Offset: 0, Counts: []uint64{3}},
			Distribution{Scale: 3, Offset: -2, Counts: []uint64{7, 0, 0, 0, 9}},
		},
		"coarser by now": {
			Distribution{Scale: 1, Offset: -1, Counts: []uint64{4, 5}},
			Distribution{Scale: 3, Offset: -3, Counts: []uint64{1, 1, 1, 1, 1}},
			Distribution{Scale: 1, Offset: -1, Counts: []uint64{1, 3}},
		},
		"finer by now, which cannot be": {
			Distribution{Scale: 3, Offset: -3, Counts: []uint64{1, 1, 1, 1, 1}},
			Distribution{Scale: 2, Offset: 0, Counts: []uint64{1}},
			Distribution{Scale: 2, Offset: -2, Counts: []uint64{1, 2, 1}},
		},
		"more before, which cannot be": {
			Distribution{Zero: 1, Scale: 3, Offset: 1, Counts: []uint64{1, 5}},
			Distribution{Zero: 9, Scale: 3, Offset: -70, Counts: append(make([]uint64, 71), 9, 2, 9)},
			Distribution{Scale: 3, Offset: 2, Counts: []uint64{3}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.now.Minus(&c.before)
			got.Trim()
			assert.Equal(t, c.want, got)
		})
	}
}

// Explicit buckets keep their places: the last one has no bound.
func TestDistributionMinusOfExplicitBuckets(t *testing.T) {
	now, before := Distribution{Counts: []uint64{1, 0, 7}}, Distribution{Counts: []uint64{1, 0, 3}}
	assert.Equal(t, Distribution{Counts: []uint64{0, 0, 4}}, now.Minus(&before))
	assert.Equal(t, now, now.Minus(&Distribution{}))
}

// What was there before and the difference make up what is there now.
func TestDistributionMinusAddsUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		before := Distribution{Scale: MaxScale - int32(rng.IntN(3)), Offset: int32(rng.IntN(40) - 20), Counts: make([]uint64, rng.IntN(20))}
		added := Distribution{Scale: before.Scale - int32(rng.IntN(3)), Offset: int32(rng.IntN(40) - 20), Counts: make([]uint64, 1+rng.IntN(20))}
		for _, counts := range [][]uint64{before.Counts, added.Counts} {
			for i := range counts {
				counts[i] = rng.Uint64N(3)
			}
		}
		at := map[int]uint64{}
		spread(at, &before, added.Scale)
		spread(at, &added, added.Scale)
		now := Distribution{Scale: added.Scale, Offset: -40, Counts: make([]uint64, 80)}
		for i, n := range at {
			now.Counts[i+40] = n
		}
		got := now.Minus(&before)
		got.Trim()
		added.Trim()
		require.Equal(t, added, got)
	}
}

func spread(at map[int]uint64, d *Distribution, scale int32) {
	for i, n := range d.Counts {
		at[(int(d.Offset)+i)>>(d.Scale-scale)] += n
	}
}

// Every field is one measure, and all measures are fields.
func TestFieldsAreAllMeasures(t *testing.T) {
	var m, want Measures
	for i, f := range m.Fields() {
		*f = int64(i + 1)
	}
	want.Requests = [Outcomes]int64{1, 2, 3, 4, 5}
	want.Duration, want.RequestBytes, want.ResponseBytes = 6, 7, 8
	want.Tokens = [TokenTypes]int64{9, 10, 11, 12, 13}
	want.TimeToFirstToken = 14
	want.CostReported, want.CostPriced, want.Unpriced = 15, 16, 17
	want.InputOwed, want.OutputOwed = 18, 19
	want.Opened, want.Closed = 20, [CloseReasons]int64{21, 22, 23, 24, 25, 26}
	want.Hits, want.Value, want.ValueParts = 27, 28, 29
	assert.Equal(t, want, m)
	for f, n := range map[Field]int64{
		FieldRequests: m.Requests[0], FieldDuration: m.Duration, FieldRequestBytes: m.RequestBytes,
		FieldResponseBytes: m.ResponseBytes, FieldTokens: m.Tokens[0], FieldTimeToFirstToken: m.TimeToFirstToken,
		FieldCostReported: m.CostReported, FieldCostPriced: m.CostPriced, FieldUnpriced: m.Unpriced,
		FieldInputOwed: m.InputOwed, FieldOutputOwed: m.OutputOwed,
	} {
		assert.Equal(t, n, *m.Fields()[f])
	}
	less := m
	less.Requests[0], less.Duration = 100, 2
	m.Subtract(&less)
	assert.Equal(t, Measures{Duration: 4}, m, "what is subtracted is never more")
}

func TestWindowIsTaken(t *testing.T) {
	w := Window{Number: 3, Chunks: 2}
	assert.True(t, w.Open())
	w.Take("a", 1)
	w.Take("b", 2)
	clone := w.Clone()
	w.Take("a", 2)
	assert.Equal(t, []int{2, 2, 0}, []int{w.TakenBy("a"), w.TakenBy("b"), w.TakenBy("c")})
	assert.Equal(t, 1, clone.TakenBy("a"))
	w.Close()
	assert.Equal(t, Window{Number: 3}, w)
	assert.False(t, w.Open())
}

func TestCountSaturates(t *testing.T) {
	d := Distribution{Zero: 1, Counts: []uint64{math.MaxUint64, 5}}
	assert.Equal(t, uint64(math.MaxUint64), d.Count())
}

// At a coarser resolution, too, a bucket stops where those of the engine do.
func TestCoarserBucketsSaturate(t *testing.T) {
	d := Distribution{Scale: 3, Counts: []uint64{math.MaxInt64, math.MaxInt64, math.MaxInt64, 7, 5}}
	assert.Equal(t, Distribution{Scale: 1, Counts: []uint64{math.MaxInt64, 5}}, d.at(1))
}
