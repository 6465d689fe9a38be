package dedup

// arrival is how many keys came in the current period and in the one before.
type arrival struct{ now, before int }

// advance goes some periods on.
func (a *arrival) advance(periods int64) {
	switch periods {
	case 0:
	case 1:
		a.now, a.before = 0, a.now
	default:
		*a = arrival{}
	}
}

// hint is how many keys a part of the open segment will probably have: as many
// as a period before and some more, but not more than a segment has memory for.
func (w *Window) hint() int {
	expected := w.arrival.before / parts
	most := int(w.maxSegment()/parts/keyBytes) * growingLoad / 100
	return min(expected+expected>>4, most-most>>4)
}
