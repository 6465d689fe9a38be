package engine

// wheel is when series are looked at to see whether they have been idle for long
// enough to end. Each live series is in it once, at the time at which that could
// be; if it has changed since, it is put at a later one. So whoever counts only
// notes the time, and a series is looked at about once a retention.
type wheel struct {
	retention int64 // ns; 0: nothing ends
	step      int64 // ns that a bucket is about
	next      int64 // the bucket to be opened next
	buckets   [][]uint32
	due       []uint32 // what remains of those that were opened
}

const (
	wheelBuckets = 8192
	// wheelSteps is how many buckets a retention takes: no slot is ever put so far
	// ahead that the wheel meets itself.
	wheelSteps = wheelBuckets / 2
)

func newWheel(retention int64) wheel {
	return wheel{retention: retention, step: max(1, retention/wheelSteps)}
}

// begin makes the wheel, empty, turn from an age of the state on; before that, nothing
// can be put into it.
func (w *wheel) begin(age int64) {
	w.buckets, w.next, w.due = make([][]uint32, wheelBuckets), age/w.step, nil
}

// turns says whether it has begun.
func (w *wheel) turns() bool { return w.buckets != nil }

// put notes to look at a slot when the state is due nanoseconds old.
func (w *wheel) put(slot uint32, due int64) {
	if w.buckets == nil || w.retention == 0 {
		return
	}
	at := min(max(due/w.step, w.next), w.next+wheelBuckets-1) % wheelBuckets
	w.buckets[at] = append(w.buckets[at], slot)
}

// take takes out a slot that is to be looked at. The caller puts it in again unless
// its series has ended.
func (w *wheel) take(age int64) (slot uint32, ok bool) {
	if w.buckets == nil || w.retention == 0 {
		return 0, false
	}
	now := age / w.step
	w.next = max(w.next, now-wheelBuckets+1) // the state may have aged at once
	for ; len(w.due) == 0 && w.next <= now; w.next++ {
		at := w.next % wheelBuckets
		w.due, w.buckets[at] = w.buckets[at], nil
	}
	last := len(w.due) - 1
	if last < 0 {
		return 0, false
	}
	slot, w.due = w.due[last], w.due[:last]
	return slot, true
}
