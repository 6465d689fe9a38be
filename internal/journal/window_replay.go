package journal

import (
	"errors"
	"fmt"
	"io"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// heldChanges are frames of changes whose window has not come yet. Should it
// never come, they are in no window.
type heldChanges [][]byte

// replayWindow notes how far a window has come and, when it is new, reports its
// changes.
func (r *recovery) replayWindow(d *decoder, payload []byte, held heldChanges) error {
	c := &cursor{rest: payload}
	w := c.window()
	if c.err != nil {
		return fmt.Errorf("window: %w", c.err)
	}
	known := w.Number == r.window.Number
	for _, payload := range held {
		number, changes, err := d.changes(payload)
		if err == nil && number == w.Number {
			err, known = r.report(changes, w.At), true
		}
		if err != nil {
			return err
		}
	}
	switch {
	case known:
	case r.resuming:
		// The journal before it failed while it was written to. Nobody has seen
		// the window, and its commits are not lost either.
		return errAwaitsSnapshot
	default:
		return fmt.Errorf("window %d has no changes", w.Number)
	}
	r.window = w
	r.target.ReplayWindow(&w)
	return nil
}

// report hands changes on; durations counted in another layout stay behind.
func (r *recovery) report(changes []usage.Row, at int64) error {
	for i := range changes {
		if r.foreign {
			leaveDurations(&changes[i])
		}
	}
	return r.target.Report(changes, at)
}

// checkWindow makes sure that the window on its way can be sent: what is in it
// counts as exported already.
func (r *recovery) checkWindow() error {
	newest := &r.journal.numbers[windowKind]
	*newest = max(*newest, r.window.Number)
	if r.window.Open() {
		if err := r.readWindow(); err != nil {
			return err
		}
	}
	if r.Lost {
		r.setWindowsAside()
	}
	return nil
}

// readWindow reads the window on its way. Without it something is lost for good.
func (r *recovery) readWindow() error {
	f := stateFile{name: windowName(r.window.Number)}
	if !r.hasName(f.name) {
		r.lose(fmt.Errorf("`%s` is missing, which not every exit has taken", f.name))
		r.forgetWindow()
		return nil
	}
	err := r.open(f.name, r.wholeWindow)
	if err == nil {
		return nil
	}
	r.forgetWindow()
	r.Lost = true
	return r.damaged(f, err)
}

func (r *recovery) wholeWindow(fr *frameReader) error {
	h, err := fr.readWindowHeader(r.window.Number)
	if err == nil && h.Writer != r.Writer {
		err = fr.corrupt("it belongs to writer %s, the files before it to %s", h.Writer, r.Writer)
	}
	for n := 0; err == nil && n < r.window.Chunks; n++ {
		_, err = fr.windowChunk(func(frameKind, []byte) error { return nil })
	}
	if errors.Is(err, io.EOF) {
		return fr.corrupt("the file is incomplete")
	}
	return err
}

func (r *recovery) forgetWindow() {
	r.window.Close()
	r.target.ReplayWindow(&r.window)
}

// setWindowsAside keeps the windows that what was lost may have told of.
func (r *recovery) setWindowsAside() {
	for _, f := range r.files {
		if f.kind == windowKind && f.number > r.window.Number {
			r.journal.damaged = append(r.journal.damaged, f.name)
		}
	}
}
