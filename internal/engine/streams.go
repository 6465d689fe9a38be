package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

const (
	// maxStreams is how many cumulative streams are known at a time.
	maxStreams = 100_000
	// maxSpread is how many buckets all of them together have, of 16 bytes each.
	maxSpread = 4 << 20
)

// streams are the newest points of cumulative streams. When there are too many,
// that which has not changed for longest is forgotten. What is known at last
// depends on the order of changes alone, so that replaying them on top of a copy
// that was made while they went on gives the same.
type streams struct {
	// slots hold them. In the first there is none: it closes the ring of all of
	// them, from the one that has not changed for longest to the newest.
	slots []streamSlot
	free  []int32
	index map[uint64]int32 // by key
	// expected is the slot of the stream that, the last time, changed after the one
	// that has changed now.
	expected int32
	// touches is the newest number given to a change, spread the sum of buckets.
	touches uint64
	spread  int
	// most and mostSpread are maxStreams and maxSpread.
	most, mostSpread int
	// since and forgotten are what usage.Totals says.
	since, forgotten int64
	now              int64 // of the newest commit, Unix ns
}

type streamSlot struct {
	usage.Stream
	older, newer int32 // slots
}

func newStreams(since int64) streams {
	return streams{
		slots: make([]streamSlot, 1), index: map[uint64]int32{}, since: since,
		most: maxStreams, mostSpread: maxSpread,
	}
}

// find returns the slot of a stream, 0 if nothing is known of it. Most writers
// send their streams in the same order each time.
func (t *streams) find(key uint64) int32 {
	if s := &t.slots[t.expected]; s.Key == key && s.Touched > 0 {
		return t.expected
	}
	return t.index[key]
}

// at returns what is known of the stream in a slot that find has returned, nil if
// nothing is.
func (t *streams) at(slot int32) *usage.Stream {
	if slot == 0 {
		return nil
	}
	return &t.slots[slot].Stream
}

// begins says whether a stream that is not known was never seen: then its first
// point adds all that it says.
func (t *streams) begins(start int64) bool {
	return start > 0 && start >= t.since && start > t.forgotten
}

// put makes a stream the newest. Its spread is not to be changed any more.
func (t *streams) put(s *usage.Stream) { t.set(t.find(s.Key), s) }

// set is put where find was called already.
func (t *streams) set(at int32, s *usage.Stream) {
	if at != 0 {
		t.unlink(at)
	} else {
		at = t.take()
		t.index[s.Key] = at
	}
	t.slots[at].Stream = *s
	t.link(at)
	t.shrink()
}

func (t *streams) shrink() {
	for len(t.index) > t.most || t.spread > t.mostSpread {
		t.forget(t.slots[0].newer)
	}
}

// forget forgets a stream. Should it come back, it is not taken for a new one.
func (t *streams) forget(at int32) {
	s := &t.slots[at].Stream
	// A start in the far future is nobody's: others would be taken for old ones.
	t.forgotten = max(t.forgotten, min(s.Start, t.now+int64(time.Hour)))
	t.unlink(at)
	delete(t.index, s.Key)
	*s = usage.Stream{}
	t.free = append(t.free, at)
}

// take returns an unused slot.
func (t *streams) take() int32 {
	if last := len(t.free) - 1; last >= 0 {
		at := t.free[last]
		t.free = t.free[:last]
		return at
	}
	t.slots = append(t.slots, streamSlot{})
	return int32(len(t.slots) - 1)
}

// link puts a slot behind the newest.
func (t *streams) link(at int32) {
	t.touches++
	s, last := &t.slots[at], t.slots[0].older
	s.Touched, s.older, s.newer = t.touches, last, 0
	t.slots[last].newer, t.slots[0].older = at, at
	t.spread += len(s.Spread)
}

func (t *streams) unlink(at int32) {
	s := &t.slots[at]
	t.expected = s.newer
	t.slots[s.older].newer, t.slots[s.newer].older = s.newer, s.older
	t.spread -= len(s.Spread)
}

// restore adds a stream that arrange puts in its place. One that was forgotten
// and came back while it was copied is there twice: what it came back with is
// replayed.
func (t *streams) restore(s *usage.Stream) {
	if _, ok := t.index[s.Key]; ok {
		return
	}
	at := t.take()
	t.index[s.Key] = at
	t.slots[at].Stream = *s
}

// resume sets what usage.Totals says and puts restored streams in order.
func (t *streams) resume(since, forgotten int64) {
	if since != 0 {
		t.since = since
	}
	t.forgotten = forgotten
	t.arrange()
}

// arrange puts restored streams in order.
func (t *streams) arrange() {
	order := make([]int32, 0, len(t.index))
	for at := 1; at < len(t.slots); at++ {
		order = append(order, int32(at))
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(t.slots[a].Touched, t.slots[b].Touched) })
	t.touches, t.spread = 0, 0
	t.slots[0].older, t.slots[0].newer = 0, 0
	for _, at := range order {
		t.link(at)
	}
	t.shrink()
}

// Streams copies up to limit streams, beginning with place from, and returns the
// place to go on with.
func (e *Engine) Streams(dst []usage.Stream, from, limit int) (out []usage.Stream, next int, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	slots := e.streams.slots
	for from = max(from, 1); from < len(slots) && limit > 0; from, limit = from+1, limit-1 {
		if s := &slots[from].Stream; s.Touched > 0 {
			dst = append(dst, *s)
		}
	}
	return dst, from, from < len(slots)
}

// RestoreStreams puts streams from a snapshot into an engine that counts nothing
// yet. It keeps what they refer to.
func (e *Engine) RestoreStreams(list []usage.Stream) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range list {
		e.streams.restore(&list[i])
	}
}
