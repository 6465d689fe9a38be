package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// maxWrite bounds how much one Batch writes: clients hold all of it in memory.
// A longer Write takes several, and can leave some of its bytes behind, as any
// Write can.
const maxWrite = 4 << 20

// writer is a file being written. The storage's lock guards it.
type writer struct {
	storage *Storage
	entry          // as of the last write; the name that of its creation
	tail    []byte // content of the last block if the next write replaces it
	err     error  // why nothing can be written any more
}

// Write appends, durably if the extension is durable.
func (w *writer) Write(p []byte) (n int, err error) {
	s := w.storage
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 {
		part := p[:min(len(p), maxWrite)]
		if err := w.appendLocked(part); err != nil {
			return n, fmt.Errorf("write `%s`: %w", w.name, err)
		}
		n, p = n+len(part), p[len(part):]
	}
	return n, nil
}

func (w *writer) appendLocked(p []byte) error {
	if w.err != nil {
		return w.err
	}
	w.err = w.writeLocked(p)
	return w.err
}

func (w *writer) writeLocked(p []byte) error {
	s := w.storage
	m, err := s.loadLocked()
	if err != nil {
		return err
	}
	next := m.clone()
	mine := next.numbered(w.number)
	if mine == nil {
		return fmt.Errorf("it was removed: %w", fs.ErrNotExist)
	}
	if mine.extent != w.extent || mine.size != w.size {
		return errors.New("the storage does not hold what was written to it")
	}
	content := p
	if len(w.tail) > 0 {
		content = slices.Concat(w.tail, p)
		mine.blocks--
	}
	ops, last := mine.put(content)
	mine.size += int64(len(p))
	if mine.blocks > maxBlocks {
		return errors.New("the file is too large")
	}
	if err := s.commitLocked(next, ops); err != nil {
		return err
	}
	w.extent, w.size = mine.extent, mine.size
	if w.tail = w.tail[:0]; len(last) < minBlock {
		w.tail = append(w.tail, last...)
	}
	return nil
}

// put returns the operations that append content in new blocks, and what is in
// the last of them.
func (e *extent) put(content []byte) (ops []*storage.Operation, last []byte) {
	for len(content) > 0 {
		last = content[:min(len(content), maxContent)]
		ops = append(ops, putBlock(e.number, e.blocks, last))
		content = content[len(last):]
		e.blocks++
	}
	return ops, last
}

// Sync returns nil if everything that was written is in the storage.
func (w *writer) Sync() error {
	w.storage.mu.Lock()
	defer w.storage.mu.Unlock()
	if w.err != nil {
		return fmt.Errorf("sync `%s`: %w", w.name, w.err)
	}
	return nil
}

// Close ends the writing.
func (w *writer) Close() error {
	w.storage.mu.Lock()
	defer w.storage.mu.Unlock()
	w.tail = nil
	if w.err == nil {
		w.err = fs.ErrClosed
	}
	return nil
}
