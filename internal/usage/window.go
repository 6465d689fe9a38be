package usage

import "slices"

// Window is a stretch of time on its way to the exits, in delta mode: what has
// changed since the window before it, in chunks. There is one at a time.
type Window struct {
	// Number is that of the newest window; 0: there was none yet.
	Number uint64
	// At is when the window ends, in Unix nanoseconds.
	At int64
	// Chunks is how many it has; 0: nothing is on its way.
	Chunks int
	// Taken is how far it has come, by exit.
	Taken []Taken
}

// Taken is how many chunks of a window an exit has taken.
type Taken struct {
	Exit   string
	Chunks int
}

// Open says whether the window is on its way.
func (w *Window) Open() bool { return w.Chunks > 0 }

// Close ends the window: every exit has taken it.
func (w *Window) Close() { w.Chunks, w.Taken = 0, nil }

// TakenBy is how many chunks an exit has taken.
func (w *Window) TakenBy(exit string) int {
	for _, t := range w.Taken {
		if t.Exit == exit {
			return t.Chunks
		}
	}
	return 0
}

// Take notes that an exit has taken so many chunks.
func (w *Window) Take(exit string, chunks int) {
	for i := range w.Taken {
		if w.Taken[i].Exit == exit {
			w.Taken[i].Chunks = chunks
			return
		}
	}
	w.Taken = append(w.Taken, Taken{Exit: exit, Chunks: chunks})
}

// Clone returns a copy that shares nothing.
func (w *Window) Clone() Window {
	out := *w
	out.Taken = slices.Clone(w.Taken)
	return out
}

// Reported is how much of a series windows have contained.
type Reported struct {
	// Seq is the newest commit contained.
	Seq uint64
	Measures
	Durations   Distribution
	FirstTokens Distribution
	// Until is when each field's last point ended; 0: it had none.
	Until FieldTimes
}
