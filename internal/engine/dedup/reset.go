package dedup

// Reset forgets everything, before another snapshot is tried. The lock must be
// held.
func (w *Window) Reset() {
	w.publish(nil)
	w.open, w.minute = nil, 0
	w.arrival, w.memory = arrival{}, newMemory()
}
