package dedup

import "slices"

// Closed returns the oldest segment that is over and not packed, nil if there is
// none or no memory to pack one. The caller packs it, without the lock, and
// gives it to Seal; one at a time. The lock must be held.
func (w *Window) Closed() *Segment {
	w.memory.reserved = 0
	for _, s := range *w.over.Load() {
		need := packedBytes(s.keys)
		if !s.packed() && w.room(need, s) {
			w.memory.reserved = need
			return s
		}
	}
	return nil
}

// Seal replaces a segment by what its Pack returned, if it is still there. The
// lock must be held.
func (w *Window) Seal(packed *Segment) bool {
	w.memory.reserved = 0
	over := slices.Clone(*w.over.Load())
	at := indexOf(over, packed)
	if at < 0 {
		return false
	}
	packed.file = over[at].file
	w.memory.bytes += packed.bytes - over[at].bytes
	over[at] = packed
	w.publish(over)
	// Keys that crowd together may take more than was reserved.
	for w.lacks(0) {
		w.evict()
	}
	return true
}
