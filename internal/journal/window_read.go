package journal

import (
	"errors"
	"fmt"
	"io"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// WindowReader reads the chunks of a window from its file, in order.
type WindowReader struct {
	file    io.Closer
	frames  *frameReader
	decoder decoder
}

// OpenWindow opens the file of a window.
func (j *Journal) OpenWindow(number uint64) (*WindowReader, error) {
	name := windowName(number)
	file, err := j.fs.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open window: %w", err)
	}
	r := &WindowReader{file: file, frames: newFrameReader(name, file)}
	h, err := r.frames.readWindowHeader(number)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r.decoder = newDecoder(h.version, j.options.Schemas)
	return r, nil
}

// Close closes the file.
func (r *WindowReader) Close() error { return r.file.Close() }

// Data returns what is sent of the next chunk, valid until the next call, and
// io.EOF after the last.
func (r *WindowReader) Data() ([]byte, error) {
	return r.frames.windowChunk(func(frameKind, []byte) error { return nil })
}

// Changes returns what the next chunk consists of, and io.EOF after the last.
func (r *WindowReader) Changes() (changes []usage.Row, err error) {
	_, err = r.frames.windowChunk(func(kind frameKind, payload []byte) error {
		if kind == frameSchema {
			return r.decoder.schema(payload)
		}
		_, more, err := r.decoder.changes(payload)
		changes = append(changes, more...)
		return err
	})
	return changes, err
}

func (r *frameReader) readWindowHeader(number uint64) (header, error) {
	h, err := r.readPreamble(windowMagic)
	if err != nil {
		return header{}, r.incomplete(err)
	}
	if h.generation != number {
		return header{}, r.corrupt("it has number %d: was it renamed?", h.generation)
	}
	return h, nil
}

// windowChunk reads to the end of a chunk, which is its data; changes is called
// with the frames before it.
func (r *frameReader) windowChunk(changes func(frameKind, []byte) error) (data []byte, err error) {
	for first := true; ; first = false {
		kind, payload, err := r.next()
		switch {
		case first && errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil:
			return nil, r.incomplete(err)
		case kind == frameWindowData:
			return payload, nil
		case kind != frameSchema && kind != frameWindowRows:
			return nil, r.corrupt("frame of kind %d", kind)
		}
		if err := changes(kind, payload); err != nil {
			return nil, r.corrupt("%v", err)
		}
	}
}

// changes reads what a window contains.
func (d *decoder) changes(payload []byte) (number uint64, changes []usage.Row, err error) {
	c := &cursor{rest: payload}
	if number = c.uvarint(); c.err != nil {
		return 0, nil, fmt.Errorf("window: %w", c.err)
	}
	err = d.rows(c.rest, func(row *usage.Row) error {
		changes = append(changes, *row)
		return nil
	})
	return number, changes, err
}
