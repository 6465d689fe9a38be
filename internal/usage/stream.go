package usage

import "math"

// Stream is what is known of one cumulative stream of data points: the newest
// point, from which the next one is subtracted.
type Stream struct {
	// Key is a keyed hash of everything that tells streams apart.
	Key uint64
	// Start and Time are those of the newest point, in Unix nanoseconds.
	Start, Time int64
	// Touched orders streams by when they last changed. Only snapshots have it.
	Touched uint64
	Value
}

// Value is what a point says, whole for a cumulative one: the amount, in the
// unit of the field it goes to, and for histograms how many observations there
// were and how they are spread.
type Value struct {
	Sum    int64
	Count  int64
	Spread []BucketCount
}

// NoSum is the Sum of a [Stream] whose newest point counts observations and does not
// say how long they took. No sum of times is that large.
const NoSum = math.MaxInt64

// BucketCount is how many observations fell into a bucket.
type BucketCount struct {
	Bucket Bucket
	Count  int64
}

// Amount is what a data point adds to its series: many calls at once, or a part
// of what calls amount to.
type Amount struct {
	Value
	// Stream is the stream of a cumulative point: until the engine has subtracted
	// what it knows, Value is the whole. 0: a delta.
	Stream uint64
	// Kept is the Spread of a cumulative point for the engine to know: see
	// [Batch.KeepSpreads].
	Kept        []BucketCount
	Start, Time int64 // of the point, Unix ns
	// Calls says that the point counts calls: Count goes to the requests.
	Calls bool
	// Field is what Sum is added to; negative: nothing.
	Field Field
	// Untimed says that Field is one of times, and that nobody knows those of the
	// observations: there is no Sum and no Spread, and Count is.
	Untimed bool
	// Part says that a whole contains Sum as well: Input those of the cache, Output
	// those of reasoning. Sum is taken off there.
	Part bool
	// Rate prices Sum if it is tokens, in nano-USD per million; 0: nothing, not
	// known, or in a cost of its own.
	Rate int64
	// Unpriced says that nobody knows what the calls cost.
	Unpriced bool
}
