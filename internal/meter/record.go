package meter

import (
	"sync"
	"time"
)

// record is what has become of usage that was to be kept.
type record struct {
	mu            sync.Mutex // guards everything below
	saved, loaded time.Time  // zero: never
	err           string     // why it could not be, empty after it could
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

// last returns when usage was last durable, when it was last read and why not since.
func (r *record) last() (saved, loaded time.Time, err string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.saved, r.loaded, r.err
}
