package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// A Batch reads several blocks, because file_storage reads in transactions that
// write: each of them syncs.
const (
	// readTarget is how many bytes that should be.
	readTarget = 1 << 20
	// maxReads bounds how many keys it is, and thereby the bytes, if some blocks
	// are much larger than others.
	maxReads = 128
)

// reader is a file being read, as long as it was when it was opened.
type reader struct {
	storage *Storage
	entry          // as of the opening
	next    uint32 // block to read
	left    int64  // bytes in the blocks from next on
	ahead   [][]byte
	err     error
}

// Read returns what was written, or an error that is neither io.EOF nor
// io.ErrUnexpectedEOF: a file that ends early is damaged, not torn.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.ahead) == 0 && r.err == nil {
		if r.err = io.EOF; r.next < r.blocks {
			r.ahead, r.err = r.fetch()
			r.err = notTheEnd(r.err)
		}
	}
	if len(r.ahead) == 0 {
		return 0, r.err
	}
	n := copy(p, r.ahead[0])
	if r.ahead[0] = r.ahead[0][n:]; len(r.ahead[0]) == 0 {
		r.ahead = r.ahead[1:]
	}
	return n, nil
}

// notTheEnd keeps the io.EOF of a client, which is that of its connection, from
// passing for that of the file.
func notTheEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New(err.Error())
	}
	return err
}

// Close ends the reading.
func (r *reader) Close() error {
	r.ahead, r.err = nil, fs.ErrClosed
	return nil
}

// fetch reads the next blocks. What is whole is returned along with the error
// of the block behind it.
func (r *reader) fetch() (contents [][]byte, err error) {
	s := r.storage
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.loadLocked()
	if err != nil {
		return nil, err
	}
	now := m.numbered(r.number)
	if now == nil {
		return nil, failed("read", r.name, fs.ErrNotExist)
	}
	first, ops := r.next, make([]*storage.Operation, r.batch())
	for i := range ops {
		ops[i] = storage.GetOperation(blockKey(r.number, first+uint32(i)))
	}
	if err := s.client.Batch(s.ctx, ops...); err != nil {
		return nil, fmt.Errorf("read from the storage: %w", err)
	}
	for _, op := range ops {
		content, err := r.take(op.Value, now.size > r.size)
		if err != nil {
			return contents, err
		}
		contents = append(contents, content)
	}
	return contents, nil
}

// batch is how many blocks to read next, going by what they have on average.
func (r *reader) batch() uint32 {
	left := r.blocks - r.next
	average := max(r.left/int64(left), 1)
	return min(left, max(uint32(min(readTarget/average, maxReads)), 1))
}

// take checks the next block. The last one may have grown since the opening.
func (r *reader) take(value []byte, grown bool) ([]byte, error) {
	content, err := openBlock(r.number, r.next, value)
	if err != nil {
		return nil, err
	}
	have, last := int64(len(content)), r.next == r.blocks-1
	if last && grown {
		have = min(have, r.left)
	}
	if last && have != r.left || !last && have >= r.left {
		return nil, &DamageError{Key: blockKey(r.number, r.next), Reason: fmt.Sprintf("it has %d bytes where its file has %d left", have, r.left)}
	}
	r.next++
	r.left -= have
	return content[:have], nil
}
