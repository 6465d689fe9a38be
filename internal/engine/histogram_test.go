package engine

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// naive is what a histogram of these observations has to be.
func naive(layout *usage.Layout, observed []usage.Bucket) usage.Distribution {
	d := usage.Distribution{Scale: usage.MaxScale}
	if layout.Explicit() {
		d = usage.Distribution{Counts: make([]uint64, len(layout.BoundsNanos())+1)}
		for _, b := range observed {
			d.Counts[b]++
		}
		return d
	}
	counts := map[int32]uint64{}
	for _, b := range observed {
		if b == usage.ZeroBucket {
			d.Zero++
			continue
		}
		counts[int32(b)]++
	}
	if len(counts) == 0 {
		return d
	}
	for {
		low, high := span(counts)
		if high-low < maxBuckets {
			d.Offset, d.Counts = low, make([]uint64, high-low+1)
			for i, n := range counts {
				d.Counts[i-low] = n
			}
			return d
		}
		half := map[int32]uint64{}
		for i, n := range counts {
			half[i>>1] += n
		}
		counts = half
		d.Scale--
	}
}

func span(counts map[int32]uint64) (low, high int32) {
	first := true
	for i := range counts {
		if first || i < low {
			low = i
		}
		if first || i > high {
			high = i
		}
		first = false
	}
	return low, high
}

func TestHistogramMatchesTheNaiveOne(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	layouts := []*usage.Layout{
		usage.ExponentialLayout(),
		usage.ExplicitLayout([]time.Duration{time.Microsecond, time.Millisecond, time.Second}),
	}
	for round := range 400 {
		layout := layouts[round%2]
		var h histogram
		var observed []usage.Bucket
		spread := 1 + rng.IntN(62)
		for range rng.IntN(2000) {
			b := layout.Bucket(rng.Int64N(1 << spread))
			observed = append(observed, b)
			h.observe(b)
		}
		got := h.distribution(layout)
		require.Equal(t, naive(layout, observed), got, "round %d", round)

		var restored histogram
		restored.restore(got, layout)
		require.Equal(t, got, restored.distribution(layout), "restored")

		rng.Shuffle(len(observed), func(i, j int) { observed[i], observed[j] = observed[j], observed[i] })
		var shuffled histogram
		for _, b := range observed {
			shuffled.observe(b)
		}
		require.Equal(t, got, shuffled.distribution(layout), "another order")
	}
}

func TestCountersWiden(t *testing.T) {
	c := newCounters(3, 1)
	want := []uint64{0, 0, 0}
	for _, n := range []uint64{1, 0xfe, 1, 0xff00, 0xffffffff, 1 << 40} {
		c.add(1, n)
		want[1] += n
		for i, v := range want {
			assert.Equal(t, v, c.get(i))
		}
	}
	assert.Equal(t, uint8(8), c.width)
}

func TestObservingDoesNotAllocate(t *testing.T) {
	var h histogram
	for b := range usage.Bucket(40) {
		h.observe(b)
	}
	for range 300 {
		h.observe(3)
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { h.observe(17) }))
}
