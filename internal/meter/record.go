package meter

import (
	"cmp"
	"sync"
	"time"
)

// record is what has become of usage that was to be kept.
type record struct {
	mu            sync.Mutex // guards everything below
	saved, loaded time.Time  // zero: never
	err           string     // why it could not be, empty after it could
	unmarked      string     // why the place that was left last does not say so: nothing cures that
}

// wrote notes that everything is durable.
func (r *record) wrote() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.saved, r.err = now(), ""
}

// read notes that state was read.
func (r *record) read() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loaded, r.err = now(), ""
}

// failed notes why state could not be written or read.
func (r *record) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err.Error()
}

// notLeft notes why a place could not be left for good, nil: it was.
func (r *record) notLeft(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unmarked = ""
	if err != nil {
		r.unmarked = "the place that was left still counts as the newest: " + err.Error()
	}
}

// last returns when usage was last durable, when it was last read and why not since.
func (r *record) last() (saved, loaded time.Time, err string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.saved, r.loaded, cmp.Or(r.err, r.unmarked)
}
