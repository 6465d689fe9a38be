package journal

import (
	"fmt"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// frameWriter gathers frames into writes.
type frameWriter struct {
	file    files.File
	buf     []byte
	written int64
	frames  int
}

// begin opens a frame; end closes it and writes when enough has gathered.
func (w *frameWriter) begin(kind frameKind) (start int) {
	w.buf, start = beginFrame(w.buf, kind)
	return start
}

func (w *frameWriter) end(start int) error {
	w.buf = endFrame(w.buf, start)
	w.frames++
	if len(w.buf) < writeTarget {
		return nil
	}
	return w.flush()
}

func (w *frameWriter) preamble(magic string, h header) {
	w.buf = appendPreamble(w.buf, magic, h)
	w.frames++
}

func (w *frameWriter) flush() error {
	n, err := w.file.Write(w.buf)
	w.written += int64(n)
	w.buf = w.buf[:0]
	return err
}

// rowWriter writes frames of rows, and before them their schemas.
type rowWriter struct {
	*frameWriter
	encoder encoder
}

func newRowWriter(w *frameWriter) rowWriter { return rowWriter{frameWriter: w, encoder: newEncoder()} }

// schema refuses what no reader takes.
func (w *rowWriter) schema(s *usage.Schema) error {
	before := len(w.buf)
	if w.buf = w.encoder.schema(w.buf, s); len(w.buf) > before {
		w.frames++
	}
	if len(w.encoder.known) > maxSchemas {
		return fmt.Errorf("there are more than %d sets of dimensions, which is what a file can have", maxSchemas)
	}
	return nil
}

// writeRows begins each frame with head.
func (w *rowWriter) writeRows(kind frameKind, head []byte, rows []usage.Row) error {
	for len(rows) > 0 {
		for i := range rows {
			if err := w.schema(rows[i].Schema); err != nil {
				return err
			}
		}
		start := w.begin(kind)
		w.buf = append(w.buf, head...)
		for len(rows) > 0 && len(w.buf)-start < frameTarget {
			w.buf = appendRow(w.buf, &rows[0])
			rows = rows[1:]
		}
		if err := w.end(start); err != nil {
			return err
		}
	}
	return nil
}
