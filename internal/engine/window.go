package engine

import (
	"iter"
	"time"

	"github.com/otelusage/usageprocessor/internal/engine/dedup"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// minuteOf is the minute of the dedup window that an age lies in.
func minuteOf(age int64) int64 { return age / int64(time.Minute) }

// probe looks for marks in the minutes that are over, without the lock. When a
// new minute has begun, what is too old by then is forgotten first.
func (e *Engine) probe(m *usage.Marks, now usage.Moment) (p dedup.Probed) {
	if e.options.Dedup == nil {
		return p
	}
	if minuteOf(now.Age) > e.minute.Load() {
		e.beginMinute(now)
	}
	return e.options.Dedup.Probe(m.Keys, m.Seen)
}

func (e *Engine) beginMinute(now usage.Moment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.grow(now)
}

// insert remembers marks and returns how many were there; mu is held.
func (e *Engine) insert(m *usage.Marks, p dedup.Probed) int {
	if e.options.Dedup == nil {
		return 0
	}
	return e.options.Dedup.Insert(m.Keys, m.Seen, p)
}

// remember adds keys of a replayed commit; mu is held.
func (e *Engine) remember(age int64, keys []uint64) {
	if e.options.Dedup != nil {
		e.options.Dedup.Remember(minuteOf(age), keys)
	}
}

func (e *Engine) advanceWindow() {
	if e.options.Dedup == nil {
		return
	}
	e.options.Dedup.Advance(minuteOf(e.moment.Age))
	e.minute.Store(minuteOf(e.moment.Age))
}

// DedupStats are numbers about the dedup window.
func (e *Engine) DedupStats() dedup.Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.options.Dedup.Stats()
}

// RestoreKeys adds dedup keys from a snapshot.
func (e *Engine) RestoreKeys(minute int64, keys []uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.options.Dedup != nil {
		e.options.Dedup.Remember(minute, keys)
	}
}

// LoadKeys adds the dedup keys of a file that a snapshot refers to.
func (e *Engine) LoadKeys(f usage.KeyFile, keys []uint64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.options.Dedup == nil {
		return nil
	}
	return e.options.Dedup.Load(f.Minute, f.Number, keys)
}

// keysPerCopy bounds how long copying dedup keys holds up commits.
const keysPerCopy = 8192

// Keys copies the dedup keys that are in no file, part by part; each part is of
// one minute and valid until the next.
func (e *Engine) Keys() iter.Seq2[int64, []uint64] {
	return func(yield func(int64, []uint64) bool) {
		if e.options.Dedup == nil {
			return
		}
		buf := make([]uint64, keysPerCopy)
		for at, more := (dedup.Cursor{}), true; more; {
			var chunk dedup.Chunk
			chunk, more = e.copyKeys(buf, at)
			if at = chunk.Next; len(chunk.Keys) > 0 && !yield(chunk.Minute, chunk.Keys) {
				return
			}
		}
	}
}

func (e *Engine) copyKeys(buf []uint64, from dedup.Cursor) (dedup.Chunk, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.options.Dedup.Copy(buf, from)
}

// KeyFiles are the files that have the other dedup keys.
func (e *Engine) KeyFiles() []usage.KeyFile {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.options.Dedup == nil {
		return nil
	}
	found := e.options.Dedup.Files()
	list := make([]usage.KeyFile, len(found))
	for i, f := range found {
		list[i] = usage.KeyFile{Number: f.Number, Minute: f.Minute, Count: f.Keys}
	}
	return list
}

// PackKeys packs the dedup keys of one minute that is over, and returns false
// when there is none left. The lock is not held for the work.
func (e *Engine) PackKeys() bool {
	closed := e.closedKeys()
	if closed == nil {
		return false
	}
	packed := closed.Pack()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.options.Dedup.Seal(packed)
	return true
}

func (e *Engine) closedKeys() *dedup.Segment {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.options.Dedup.Closed()
}

// UnfiledKeys returns dedup keys of a minute that is over and that are in no
// file, nil if there are none. FileKeys notes that they are.
func (e *Engine) UnfiledKeys() *dedup.Segment {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.options.Dedup.Unfiled()
}

// FileKeys notes the number of the file that dedup keys are in.
func (e *Engine) FileKeys(keys *dedup.Segment, number uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.options.Dedup.Filed(keys, number)
}
