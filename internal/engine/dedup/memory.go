package dedup

import (
	"math"
	"slices"
)

// memory is what the segments take. It counts what the allocator gives. What is
// replaced or forgotten takes memory until the next garbage collection, and a
// part that grows takes twice its memory for a moment: both are not in it.
type memory struct {
	keys  int
	bytes int64
	// reserved is for the copy of the segment that is being packed.
	reserved int64
	// evicted is how many segments were forgotten early for want of memory, and
	// since the minute after the youngest of them.
	evicted uint64
	since   int64
}

const (
	// share is the part of the memory that one segment may take: what is
	// forgotten early at a time, and how much is held twice while it is packed.
	share = 16
	// maxSegmentBytes bounds how much memory is moved when a part grows.
	maxSegmentBytes = 64 << 20
)

// newMemory is that of a window that has forgotten nothing since ever.
func newMemory() memory { return memory{since: math.MinInt64} }

// forgot notes that keys of a minute were forgotten early.
func (m *memory) forgot(minute int64) {
	m.evicted++
	m.since = max(m.since, minute+1)
}

// lacks reports whether there is not enough memory for more bytes.
func (w *Window) lacks(bytes int64) bool {
	return w.memory.bytes+w.memory.reserved+bytes > w.options.MaxBytes
}

// room makes room for a segment's growth by forgetting older segments, oldest
// first, and reports whether that was enough.
func (w *Window) room(bytes int64, s *Segment) bool {
	for w.lacks(bytes) {
		over := *w.over.Load()
		if len(over) == 0 || !over[0].olderThan(s) {
			return false
		}
		w.evict()
	}
	return true
}

// evict forgets the oldest segment early.
func (w *Window) evict() {
	w.memory.forgot((*w.over.Load())[0].minute)
	w.drop(1)
}

// expire forgets the segments that are too old.
func (w *Window) expire() {
	over := *w.over.Load()
	old := slices.IndexFunc(over, func(s *Segment) bool { return !w.expired(s.minute) })
	if old < 0 {
		old = len(over)
	}
	w.drop(old)
}

// expired reports whether a minute is out of the window.
func (w *Window) expired(minute int64) bool { return minute < w.minute-int64(w.options.Minutes) }

// drop forgets the n oldest segments.
func (w *Window) drop(n int) {
	over := *w.over.Load()
	for _, s := range over[:n] {
		w.memory.keys -= s.keys
		w.memory.bytes -= s.bytes
	}
	// The rest is copied, or else what is dropped would stay reachable.
	w.publish(slices.Clone(over[n:]))
}

// grow makes a table of the open segment bigger, unless that would take too much
// memory: then the segment is to be finished, and another one begun.
func (w *Window) grow(t *table) bool {
	bigger := t.grown(w.hint())
	more := bigger.bytes() - t.bytes()
	if w.open.bytes+more > w.maxSegment() || !w.room(more, w.open) {
		return false
	}
	w.open.bytes += more
	w.memory.bytes += more
	*t = bigger
	return true
}

func (w *Window) maxSegment() int64 { return min(w.options.MaxBytes/share, maxSegmentBytes) }
