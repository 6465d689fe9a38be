package journal

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// keysPerFrame bounds what damage can spoil and what a reader holds.
const keysPerFrame = 4096

// WriteKeys writes the sorted dedup keys of a minute that is over to a file of
// their own, which snapshots refer to instead of holding the keys. What the
// keys guard has to be on the disk first: a key that outlives its count would
// keep the count from ever being made good.
func (j *Journal) WriteKeys(minute int64, keys iter.Seq[uint64]) (usage.KeyFile, error) {
	j.numbers[keysKind]++
	f := usage.KeyFile{Number: j.numbers[keysKind], Minute: minute}
	h := j.header
	h.generation = f.Number
	err := j.writeFile(keysName(f.Number), func(w *frameWriter) error {
		w.preamble(keysMagic, h)
		part := make([]uint64, 0, keysPerFrame)
		for key := range keys {
			part = append(part, key)
			f.Count++
			if len(part) < keysPerFrame {
				continue
			}
			if err := w.keysFrame(minute, part); err != nil {
				return err
			}
			part = part[:0]
		}
		return w.keysFrame(minute, part)
	}, j.Flush)
	if err != nil {
		return usage.KeyFile{}, fmt.Errorf("write dedup keys: %w", err)
	}
	return f, nil
}

// readKeys reads a file that a snapshot refers to.
func (r *recovery) readKeys(f usage.KeyFile) error {
	var keys []uint64
	err := r.open(keysName(f.Number), func(fr *frameReader) error {
		h, err := fr.readPreamble(keysMagic)
		if err != nil {
			return fr.incomplete(err)
		}
		if h.generation != f.Number {
			return fr.corrupt("it has number %d: was it renamed?", h.generation)
		}
		keys, err = fr.allKeys(f)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.target.LoadKeys(f, keys); err != nil {
		return &CorruptError{File: keysName(f.Number), Reason: err.Error()}
	}
	return nil
}

// allKeys reads frames of keys to the end of the file.
func (r *frameReader) allKeys(f usage.KeyFile) (keys []uint64, err error) {
	for {
		kind, payload, err := r.next()
		if errors.Is(err, io.EOF) && len(keys) == f.Count {
			return keys, nil
		}
		if err != nil {
			return nil, r.incomplete(err)
		}
		c := &cursor{rest: payload}
		if minute := c.varint(); kind != frameKeys || minute != f.Minute {
			return nil, r.corrupt("it does not hold the keys of minute %d", f.Minute)
		}
		if keys = c.keys(keys); c.err != nil || len(keys) > f.Count {
			return nil, r.corrupt("it does not hold %d keys", f.Count)
		}
	}
}
