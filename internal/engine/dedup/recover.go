package dedup

import "fmt"

// Remember adds keys that arrived in a minute, as the journal or a snapshot has
// them: repeatedly, and in any order, although every change of the period ends a
// segment. A minute that has not come yet becomes the current one; keys of one
// that is out of the window are ignored. The lock must be held.
func (w *Window) Remember(minute int64, keys []uint64) {
	w.Advance(minute)
	if w.expired(minute) {
		return
	}
	seen := make([]bool, len(keys))
	for _, s := range *w.over.Load() {
		if s.minute >= minute && w.periodOf(s.minute) == w.periodOf(minute) {
			s.mark(keys, seen)
		}
	}
	w.add(minute, keys, seen)
}

// Load adds the keys of a minute that are in a file, which is not 0, as
// [Segment.Keys] returned them. It does nothing when they are out of the window
// or memory is full of younger ones: then [Window.Files] does not have the file.
// keys stay the caller's. The lock must be held.
func (w *Window) Load(minute int64, file uint64, keys []uint64) error {
	if err := checkSorted(keys); err != nil {
		return fmt.Errorf("dedup keys of minute %d, file %d: %w", minute, file, err)
	}
	w.Advance(minute)
	if w.expired(minute) || len(keys) == 0 {
		return nil
	}
	// Ids grow in the order in which segments end: the open one ends first.
	w.finish()
	s := packSorted(w.nextID(), minute, keys)
	s.file = file
	if !w.room(s.bytes, s) {
		w.memory.forgot(minute)
		return nil
	}
	w.memory.keys += s.keys
	w.memory.bytes += s.bytes
	w.insert(s)
	return nil
}

// checkSorted refuses what would not be found again.
func checkSorted(keys []uint64) error {
	before := uint64(0)
	for i, key := range keys {
		if key <= before {
			return fmt.Errorf("key %d, %#x, does not follow on %#x", i, key, before)
		}
		before = key
	}
	return nil
}
