package dedup

import "math"

// Cursor says where a copy goes on. The zero value begins one.
type Cursor struct {
	// The next key is not before this one, in this segment or one that ended
	// after it. It is found again in whatever form the segment has by then.
	segment, key uint64
	// last is the newest segment when the copy began.
	last uint64
}

// Chunk is a part of a copy: keys of one minute. In a long window some may be of
// earlier ones of the same period.
type Chunk struct {
	Minute int64
	Keys   []uint64
	Next   Cursor
}

// Copy copies keys that are in no file to dst, as many as fit, and reports
// whether there may be more. The keys that were there when the copy began and
// still are come at least once; so do those that are in a file by the time it
// ends, either here or in [Window.Files], if that is called afterwards. Keys that
// are inserted meanwhile may be missing: the journal has them.
//
// dst, which is not empty, bounds the time that the lock, which must be held, is
// needed for. Free slots are passed over too, about ten times as many at most.
func (w *Window) Copy(dst []uint64, from Cursor) (chunk Chunk, more bool) {
	if from.last == 0 {
		from.last = w.lastID
	}
	s := w.unfiledAfter(from)
	if s == nil {
		return Chunk{Next: from}, false
	}
	if s.id != from.segment {
		from.segment, from.key = s.id, 0
	}
	chunk = Chunk{Minute: s.minute, Keys: dst[:0]}
	for key := range s.from(from.key) {
		if len(chunk.Keys) == len(dst) {
			from.key = key
			chunk.Next = from
			return chunk, true
		}
		chunk.Keys = append(chunk.Keys, key)
	}
	from.segment, from.key = s.id+1, 0
	chunk.Next = from
	return chunk, from.segment <= from.last
}

// unfiledAfter returns the segment that a copy goes on with.
func (w *Window) unfiledAfter(from Cursor) (next *Segment) {
	id := uint64(math.MaxUint64)
	consider := func(s *Segment) {
		if s.file == 0 && s.id >= from.segment && s.id <= from.last && s.id < id {
			next, id = s, s.id
		}
	}
	for _, s := range *w.over.Load() {
		consider(s)
	}
	if w.open != nil {
		consider(w.open)
	}
	return next
}
