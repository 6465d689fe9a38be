package engine

import (
	"github.com/otelusage/usageprocessor/internal/usage"
)

// maxBuckets bounds an exponential histogram; a wider range of values is kept
// at half the resolution, as often as needed (the SDK specification's default).
const maxBuckets = 160

// growth is how much room is made at an end that a value fell beyond, so that
// a series that is settling in does not allocate for each new bucket.
const growth = 8

// histogram counts durations by bucket: the buckets from offset on that were
// ever touched, at scale usage.MaxScale-shift. Its final form depends on what
// was added, never on the order, so replay and merge give the same bytes.
// The zero value is empty.
type histogram struct {
	counts counters
	zero   uint64
	offset int32
	// low and high are the first and last index in use; high < low: none.
	// They may lie inside counts, which is allocated with some room.
	low, high int32
	shift     uint8
	used      bool
}

// observe adds a value, whose bucket is given at usage.MaxScale.
func (h *histogram) observe(bucket usage.Bucket) {
	if bucket == usage.ZeroBucket {
		h.zero = addSaturating(h.zero, 1)
		return
	}
	h.add(int32(bucket)>>h.shift, 1)
}

// observeAll adds values one by one and in numbers.
func (h *histogram) observeAll(buckets []usage.Bucket, spread []usage.BucketCount) {
	for _, b := range buckets {
		h.observe(b)
	}
	for _, b := range spread {
		h.observeMany(b.Bucket, b.Count)
	}
}

func (h *histogram) observeMany(bucket usage.Bucket, n int64) {
	switch {
	case n <= 0:
	case bucket == usage.ZeroBucket:
		h.zero = addSaturating(h.zero, uint64(n))
	default:
		h.add(int32(bucket)>>h.shift, uint64(n))
	}
}

// add adds n values at an index of the histogram's own scale.
func (h *histogram) add(index int32, n uint64) {
	if !h.used || index < h.low || index > h.high {
		index = h.include(index)
	}
	h.counts.add(int(index-h.offset), n)
}

// include widens the range to hold index and returns where index is after it:
// the resolution may have been halved.
func (h *histogram) include(index int32) int32 {
	low, high := index, index
	if h.used {
		low, high = min(h.low, index), max(h.high, index)
	}
	if by := halvings(low, high); by > 0 {
		h.downscale(by)
		index, low, high = index>>by, low>>by, high>>by
	}
	h.reserve(low, high)
	h.low, h.high, h.used = low, high, true
	return index
}

// merge adds a distribution of the same layout.
func (h *histogram) merge(d *usage.Distribution, layout *usage.Layout) {
	h.zero = addSaturating(h.zero, d.Zero)
	shift := uint8(0)
	if !layout.Explicit() {
		shift = uint8(usage.MaxScale - d.Scale)
	}
	if shift > h.shift {
		h.downscale(shift - h.shift)
	}
	for i, n := range d.Counts {
		if n > 0 {
			// The resolution may be halved on the way.
			h.add((d.Offset+int32(i))>>(h.shift-shift), n)
		}
	}
}

// halvings is how often the resolution must be halved for a range to fit.
func halvings(low, high int32) (by uint8) {
	for high-low >= maxBuckets {
		low, high = low>>1, high>>1
		by++
	}
	return by
}

func (h *histogram) downscale(by uint8) {
	old, oldOffset := h.counts, h.offset
	h.shift += by
	if !h.used {
		return
	}
	h.low, h.high = h.low>>by, h.high>>by
	h.offset = h.low
	h.counts = newCounters(int(h.high-h.low)+1, old.width)
	for i := range old.len() {
		if n := old.get(i); n > 0 {
			h.counts.add(int((oldOffset+int32(i))>>by-h.offset), n)
		}
	}
}

// reserve makes room for the indexes from low to high.
func (h *histogram) reserve(low, high int32) {
	size := int32(h.counts.len())
	if size == 0 {
		h.offset = low
		h.counts = newCounters(int(high-low)+1, 1)
		return
	}
	first, last := h.offset, h.offset+size-1
	if low < first {
		first = min(low, first-growth)
	}
	if high > last {
		last = max(high, last+growth)
	}
	if first != h.offset || last != h.offset+size-1 {
		h.counts.move(int(h.offset-first), int(last-first)+1)
		h.offset = first
	}
}

// distribution copies the histogram into plain form.
func (h *histogram) distribution(layout *usage.Layout) usage.Distribution {
	d := usage.Distribution{Zero: h.zero}
	if layout.Explicit() {
		d.Counts = make([]uint64, len(layout.BoundsNanos())+1)
		for i := h.low; h.used && i <= h.high; i++ {
			d.Counts[i] = h.counts.get(int(i - h.offset))
		}
		return d
	}
	d.Scale = usage.MaxScale - int32(h.shift)
	if !h.used {
		return d
	}
	d.Offset = h.low
	d.Counts = make([]uint64, h.high-h.low+1)
	for i := range d.Counts {
		d.Counts[i] = h.counts.get(int(h.low-h.offset) + i)
	}
	return d
}

// restore is the inverse of distribution.
func (h *histogram) restore(d usage.Distribution, layout *usage.Layout) {
	*h = histogram{}
	h.merge(&d, layout)
}
