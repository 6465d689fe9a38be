package dedup

import (
	"slices"
	"sync/atomic"
)

// Options say how much a window remembers.
type Options struct {
	// Minutes is for how long a key is remembered, at least 1. It may be
	// remembered for one minute more, or for a twelfth of a window of more than
	// twelve: the fewer segments there are to look in, the better.
	Minutes int
	// MaxBytes bounds the memory; less than [MinBytes] counts as that.
	MaxBytes int64
}

// mostPeriods is how many periods a window has at most; see Options.Minutes.
const mostPeriods = 12

// MinBytes is the least memory that a window works in.
const MinBytes = 1 << 20

// Window is the set of keys of the last minutes. Minutes are counted from 0 on a
// timeline that never steps back; which one it is, the caller says.
type Window struct {
	options Options
	// period is how many minutes a segment covers.
	period int64
	// over are the segments that are over, by minute and then by id. A list does
	// not change once it is here: it is replaced, under the engine's lock.
	over atomic.Pointer[[]*Segment]

	// The engine's lock guards the rest.
	open    *Segment // the only one that is written to; nil: none yet
	lastID  uint64
	minute  int64
	arrival arrival
	memory  memory
}

// New returns an empty window at minute 0.
func New(o Options) *Window {
	o.Minutes, o.MaxBytes = max(o.Minutes, 1), max(o.MaxBytes, MinBytes)
	w := &Window{options: o, memory: newMemory(), period: int64((o.Minutes-1)/mostPeriods + 1)}
	w.publish(nil)
	return w
}

// Probed says which segments keys were looked for in: those up to this id.
type Probed uint64

// Probe marks in seen, which is as long as keys, the keys that arrived in
// minutes that are over. It needs no lock, so that most of the work is done
// without. The key 0 is none and never seen.
func (w *Window) Probe(keys []uint64, seen []bool) (probed Probed) {
	for _, s := range *w.over.Load() {
		s.mark(keys, seen)
		probed = max(probed, Probed(s.id))
	}
	return probed
}

// Insert adds the keys that are neither marked nor 0. It marks those that were
// there already, from the same batch too, and returns how many are marked in
// all. probed is what [Window.Probe] returned for these keys, or 0 if they were
// not probed. The lock must be held.
func (w *Window) Insert(keys []uint64, seen []bool, probed Probed) (marked int) {
	// One that Remember left open is not probed yet.
	w.finishOther(w.minute)
	for _, s := range *w.over.Load() {
		if s.id > uint64(probed) {
			s.mark(keys, seen)
		}
	}
	w.add(w.minute, keys, seen)
	for i := range keys {
		if seen[i] {
			marked++
		}
	}
	return marked
}

// add is Insert for keys of any minute that the segments that are over do not
// have.
func (w *Window) add(minute int64, keys []uint64, seen []bool) {
	for len(keys) > 0 && w.begin(minute) {
		n := min(len(keys), lookahead)
		s := w.open
		s.peek(keys[:n], seen)
		done := w.put(keys[:n], seen)
		keys, seen = keys[done:], seen[done:]
		if done < n {
			w.finish()
			s.mark(keys, seen)
		}
	}
}

// put inserts keys into the open segment and returns how many were done before
// it turned out to be too small.
func (w *Window) put(keys []uint64, seen []bool) (done int) {
	s, added := w.open, 0
	for ; done < len(keys); done++ {
		key := keys[done]
		if key == 0 || seen[done] {
			continue
		}
		t := s.table(key)
		if t.full() && !w.grow(t) {
			break
		}
		if t.insert(key) {
			added++
		} else {
			seen[done] = true
		}
	}
	s.keys += added
	w.memory.keys += added
	w.arrival.now += added
	return done
}

// Advance says which minute it is and forgets what is too old by then. A minute
// that is over does not come back. The lock must be held.
func (w *Window) Advance(minute int64) {
	if minute <= w.minute {
		return
	}
	w.arrival.advance(w.periodOf(minute) - w.periodOf(w.minute))
	w.minute = minute
	w.finishOther(minute)
	w.expire()
}

// periodOf numbers the periods.
func (w *Window) periodOf(minute int64) int64 { return minute / w.period }

// begin makes sure that there is an open segment for a minute, unless memory is
// full of younger ones. The segment counts as of its newest minute.
func (w *Window) begin(minute int64) bool {
	w.finishOther(minute)
	if w.open != nil {
		w.open.minute = max(w.open.minute, minute)
		return true
	}
	s := newSegment(w.nextID(), minute)
	if !w.room(s.bytes, s) {
		w.memory.forgot(minute)
		return false
	}
	w.memory.bytes += s.bytes
	w.open = s
	return true
}

// finishOther ends the open segment if it is of another period than a minute.
func (w *Window) finishOther(minute int64) {
	if w.open != nil && w.periodOf(w.open.minute) != w.periodOf(minute) {
		w.finish()
	}
}

// finish ends the open segment. From then on Probe finds its keys.
func (w *Window) finish() {
	s := w.open
	w.open = nil
	switch {
	case s == nil:
	case s.keys == 0:
		w.memory.bytes -= s.bytes
	default:
		w.insert(s)
	}
}

// insert puts a segment that is over into its place.
func (w *Window) insert(s *Segment) {
	over := *w.over.Load()
	at := len(over)
	for at > 0 && s.olderThan(over[at-1]) {
		at--
	}
	w.publish(slices.Insert(slices.Clone(over), at, s))
}

// publish makes a list, which is nobody else's, the one that is probed.
func (w *Window) publish(over []*Segment) { w.over.Store(&over) }

func (w *Window) nextID() uint64 {
	w.lastID++
	return w.lastID
}
