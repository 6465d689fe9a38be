package usage

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lightstep/go-expohisto/mapping/logarithm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExponentialBucketsMatchAnIndependentMapping(t *testing.T) {
	oracle, err := logarithm.NewMapping(MaxScale)
	require.NoError(t, err)
	layout := ExponentialLayout()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 200_000 {
		ns := rng.Int64N(1 << (1 + rng.IntN(62)))
		if ns == 0 {
			continue
		}
		want := oracle.MapToIndex(float64(ns) / 1e9)
		require.Equal(t, want, int32(layout.Bucket(ns)), "%d ns", ns)
	}
}

// The data model has upper bounds inclusive.
func TestExponentialBoundariesAreInclusiveAbove(t *testing.T) {
	layout := ExponentialLayout()
	for _, ns := range []int64{1e9, 2e9, 4e9, 5e8, 25e7} {
		assert.Equal(t, layout.Bucket(ns)+1, layout.Bucket(ns+1000), "%d", ns)
		assert.Equal(t, layout.Bucket(ns), layout.Bucket(ns-1000), "%d", ns)
	}
	assert.Equal(t, ZeroBucket, layout.Bucket(0))
	assert.NotPanics(t, func() { layout.Bucket(math.MaxInt64) })
}

func TestExplicitBuckets(t *testing.T) {
	layout := ExplicitLayout([]time.Duration{time.Millisecond, time.Second})
	for ns, want := range map[int64]Bucket{0: 0, 1e6: 0, 1e6 + 1: 1, 1e9: 1, 1e9 + 1: 2, math.MaxInt64: 2} {
		assert.Equal(t, want, layout.Bucket(ns), "%d", ns)
	}
	assert.True(t, layout.Holds(2))
	assert.False(t, layout.Holds(3))
	assert.False(t, layout.Holds(-1))
	assert.False(t, layout.Equal(ExponentialLayout()))
	assert.True(t, layout.Equal(ExplicitLayout([]time.Duration{time.Millisecond, time.Second})))
}
