package usage

import "math"

// Distribution is a histogram in plain form; its sum stands in [Measures].
type Distribution struct {
	// Zero counts durations of zero (exponential layout only).
	Zero uint64
	// Scale is the resolution; of exponential layouts only.
	Scale int32
	// Offset is the bucket index that Counts begins with.
	Offset int32
	Counts []uint64
}

// Count is the number of observations. It saturates: strangers can say that
// there were as many as they like.
func (d *Distribution) Count() uint64 {
	n := d.Zero
	for _, c := range d.Counts {
		if n += c; n < c {
			return math.MaxUint64
		}
	}
	return n
}

// Minus returns what d has beyond o, at the coarser of their resolutions: an
// earlier state of a distribution may have been finer. Where o has more, which
// it cannot have then, there is nothing.
func (d *Distribution) Minus(o *Distribution) Distribution {
	scale := d.Scale
	if len(o.Counts) > 0 {
		scale = min(scale, o.Scale)
	}
	diff := d.at(scale)
	diff.Zero -= min(o.Zero, diff.Zero)
	for i, n := range o.Counts {
		at := (int(o.Offset) + i) >> (o.Scale - scale)
		if at -= int(diff.Offset); at >= 0 && at < len(diff.Counts) {
			diff.Counts[at] -= min(n, diff.Counts[at])
		}
	}
	return diff
}

// at is a copy at a scale that is not finer than the distribution's own.
func (d *Distribution) at(scale int32) Distribution {
	by := d.Scale - scale
	out := Distribution{Zero: d.Zero, Scale: scale, Offset: d.Offset >> by}
	if len(d.Counts) == 0 {
		return out
	}
	last := int(d.Offset) + len(d.Counts) - 1
	out.Counts = make([]uint64, last>>by-int(out.Offset)+1)
	for i, n := range d.Counts {
		c := &out.Counts[(int(d.Offset)+i)>>by-int(out.Offset)]
		*c = min(*c+min(n, math.MaxInt64), math.MaxInt64) // where the engine's stop
	}
	return out
}

// Trim leaves out empty buckets at both ends; of exponential layouts only.
func (d *Distribution) Trim() {
	first, end := 0, len(d.Counts)
	for first < end && d.Counts[first] == 0 {
		first++
	}
	for end > first && d.Counts[end-1] == 0 {
		end--
	}
	d.Counts = d.Counts[first:end]
	if d.Offset += int32(first); len(d.Counts) == 0 {
		d.Counts, d.Offset = nil, 0
	}
}
