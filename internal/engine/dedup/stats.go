package dedup

// Stats are numbers about a window.
type Stats struct {
	Keys int
	// Bytes never exceeds the bound.
	Bytes    int64
	Segments int
	// Evicted is how many segments were forgotten before their time, or not even
	// begun, for want of memory.
	Evicted uint64
	// Minute is the current one, and Since the first one of which, like of all
	// after it, every key is remembered. Unless memory ran short within the
	// window, Since is Minute less the minutes of the window, even if negative. It
	// is Minute + 1 when not even the current one is complete.
	Minute, Since int64
}

// Stats returns the numbers of now. The lock must be held.
func (w *Window) Stats() Stats {
	s := Stats{
		Keys: w.memory.keys, Bytes: w.memory.bytes + w.memory.reserved, Segments: len(*w.over.Load()),
		Evicted: w.memory.evicted, Minute: w.minute,
		Since: max(w.memory.since, w.minute-int64(w.options.Minutes)),
	}
	if w.open != nil {
		s.Segments++
	}
	return s
}
