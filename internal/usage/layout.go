package usage

import (
	"math"
	"slices"
	"sort"
	"time"
)

// Bucket is the index of a histogram bucket: at [MaxScale] for an exponential
// layout, the number of the first bound that is not below the value for an
// explicit one.
type Bucket int16

// ZeroBucket holds durations of zero, which have no logarithm.
const ZeroBucket Bucket = math.MinInt16

// NoBucket is the bucket of a record that does not say how long its call took.
const NoBucket = ZeroBucket + 1

// MaxScale is the finest exponential resolution that is kept: buckets grow by
// 2^(1/8), a relative error below 5 %. The index range of int64 nanoseconds at
// this scale fits a [Bucket].
const MaxScale = 3

const bucketsPerOctave = 1 << MaxScale

// Layout says how durations fall into buckets. It is immutable.
type Layout struct {
	bounds  []int64 // ns, ascending; nil: exponential
	octave  [bucketsPerOctave]uint64
	seconds []float64
}

// ExponentialLayout is the base-2 exponential histogram of OpenTelemetry.
func ExponentialLayout() *Layout {
	l := &Layout{}
	for i := range l.octave {
		boundary := math.Exp2(float64(i) / bucketsPerOctave)
		l.octave[i] = math.Float64bits(boundary) & mantissaMask
	}
	return l
}

// ExplicitLayout has these upper bounds, ascending and inclusive.
func ExplicitLayout(bounds []time.Duration) *Layout {
	l := &Layout{bounds: make([]int64, 0, len(bounds))}
	for _, b := range bounds {
		l.bounds = append(l.bounds, int64(b))
		l.seconds = append(l.seconds, b.Seconds())
	}
	return l
}

// Explicit says whether the layout has bounds of its own.
func (l *Layout) Explicit() bool { return l.bounds != nil }

// BoundsNanos are the upper bounds of an explicit layout; not to be changed.
func (l *Layout) BoundsNanos() []int64 { return l.bounds }

// BoundsSeconds are the same bounds in the unit of export; not to be changed.
func (l *Layout) BoundsSeconds() []float64 { return l.seconds }

// Equal says whether both put every duration into the same bucket.
func (l *Layout) Equal(o *Layout) bool {
	return l.Explicit() == o.Explicit() && slices.Equal(l.bounds, o.bounds)
}

// Holds says whether the layout has this bucket.
func (l *Layout) Holds(b Bucket) bool {
	return !l.Explicit() || b >= 0 && int(b) <= len(l.bounds)
}

const (
	mantissaBits = 52
	mantissaMask = 1<<mantissaBits - 1
	exponentBias = 1023
)

// Bucket returns where a duration of ns nanoseconds (not negative) belongs.
//
// Exponential buckets are (base^i, base^(i+1)], upper bound inclusive as the
// metrics data model has it, hence an exact power of two is the last value of
// the bucket below. The eight boundaries of an octave are compared instead of
// taking a logarithm, which costs more and errs at the boundaries.
func (l *Layout) Bucket(ns int64) Bucket {
	if l.bounds != nil {
		return Bucket(sort.Search(len(l.bounds), func(i int) bool { return ns <= l.bounds[i] }))
	}
	if ns <= 0 {
		return ZeroBucket
	}
	bits := math.Float64bits(float64(ns) / 1e9)
	index := (int(bits>>mantissaBits) - exponentBias) * bucketsPerOctave
	mantissa := bits & mantissaMask
	for _, boundary := range l.octave {
		if mantissa > boundary {
			index++
		}
	}
	return Bucket(index - 1)
}
