package journal

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// WriteWindow writes a delta window to a file of its own: write hands over its
// chunks, each as the changes it consists of and as the data that is sent. The
// counts that the changes were taken from are on the disk before the file has
// its name. So far nothing else knows of the window: a file that the journal
// does not say anything about is removed as superfluous.
func (j *Journal) WriteWindow(write func(put func(changes []usage.Row, data []byte) error) error) (number uint64, err error) {
	j.numbers[windowKind]++
	h := j.header
	h.generation = j.numbers[windowKind]
	err = j.writeFile(windowName(h.generation), func(w *frameWriter) error {
		chunks := windowWriter{rowWriter: newRowWriter(w), number: h.generation}
		w.preamble(windowMagic, h)
		return write(chunks.put)
	}, j.Flush)
	if err != nil {
		// It may have got its name all the same.
		_ = j.RemoveWindow(h.generation)
		return 0, fmt.Errorf("write window: %w", err)
	}
	return h.generation, nil
}

// windowWriter writes the chunks of a window.
type windowWriter struct {
	rowWriter
	number uint64
}

func (w *windowWriter) put(changes []usage.Row, data []byte) error {
	if err := w.writeRows(frameWindowRows, binary.AppendUvarint(nil, w.number), changes); err != nil {
		return err
	}
	start := w.begin(frameWindowData)
	w.buf = append(w.buf, data...)
	return w.end(start)
}

// RemoveWindow removes the file of a window that every exit has taken.
func (j *Journal) RemoveWindow(number uint64) error { return j.fs.Remove(windowName(number)) }

// AppendChanges buffers changes that a window contains. They count once a
// window of this number was appended behind them.
func (j *Journal) AppendChanges(number uint64, changes []usage.Row) {
	// Commits wait for the lock.
	for part := range slices.Chunk(changes, rowsPerCopy) {
		j.appendChanges(number, part)
	}
}

func (j *Journal) appendChanges(number uint64, changes []usage.Row) {
	p := &j.pending
	p.Lock()
	defer p.Unlock()
	if !p.deaf {
		p.bytes = p.encoder.changes(p.bytes, number, changes)
	}
}

// AppendWindow buffers how far a window has come.
func (j *Journal) AppendWindow(w *usage.Window) {
	p := &j.pending
	p.Lock()
	defer p.Unlock()
	p.window = w.Clone()
	if !p.deaf {
		p.bytes = appendWindowFrame(p.bytes, w)
	}
}

// appendContinued appends which window a new journal continues. Should changes
// of that window be missing in what it continues, recovery sees it.
func (j *Journal) appendContinued(dst []byte) []byte {
	p := &j.pending
	p.Lock()
	defer p.Unlock()
	if p.window.Number == 0 {
		return dst
	}
	return appendWindowFrame(dst, &p.window)
}

func appendWindowFrame(dst []byte, w *usage.Window) []byte {
	dst, start := beginFrame(dst, frameWindow)
	return endFrame(appendWindow(dst, w), start)
}

// changes appends changes, and their schemas.
func (e *encoder) changes(dst []byte, number uint64, changes []usage.Row) []byte {
	for i := range changes {
		dst = e.schema(dst, changes[i].Schema)
	}
	dst, start := beginFrame(dst, frameWindowRows)
	dst = binary.AppendUvarint(dst, number)
	for i := range changes {
		dst = appendRow(dst, &changes[i])
	}
	return endFrame(dst, start)
}

func appendWindow(dst []byte, w *usage.Window) []byte {
	dst = binary.AppendUvarint(dst, w.Number)
	dst = binary.AppendVarint(dst, w.At)
	dst = binary.AppendUvarint(dst, uint64(w.Chunks))
	dst = binary.AppendUvarint(dst, uint64(len(w.Taken)))
	for _, t := range w.Taken {
		dst = appendString(dst, t.Exit)
		dst = binary.AppendUvarint(dst, uint64(t.Chunks))
	}
	return dst
}

// maxChunks is far more than a window ever has.
const maxChunks = 1 << 30

func (c *cursor) window() usage.Window {
	w := usage.Window{Number: c.uvarint(), At: c.varint(), Chunks: c.chunks()}
	for range c.count() {
		w.Taken = append(w.Taken, usage.Taken{Exit: c.string(), Chunks: c.chunks()})
	}
	if w.At < 0 || w.At > maxMoment {
		c.fail()
	}
	return w
}

func (c *cursor) chunks() int {
	n := c.uvarint()
	if n > maxChunks {
		c.fail()
	}
	return int(n)
}
