package journal

import (
	"errors"
	"fmt"
	"io"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// WriteHistory writes a bucket that is over to a file of its own: fill hands over its
// rows, in any order. The file counts once a snapshot lists it, which is also when what
// its rows were counted from is on the disk; until then it is superfluous.
func (j *Journal) WriteHistory(p usage.Period, fill func(put func(*usage.HistoryRow) error) error) (usage.HistoryFile, error) {
	j.numbers[historyKind]++
	f := usage.HistoryFile{Number: j.numbers[historyKind], Period: p}
	h := j.header
	h.generation = f.Number
	err := j.writeFile(historyName(f.Number), func(w *frameWriter) error {
		w.preamble(historyMagic, h)
		content := historyWriter{rowWriter: newRowWriter(w), file: &f}
		return content.write(fill)
	}, func() error { return nil })
	if err != nil {
		// It may have got its name all the same.
		_ = j.fs.Remove(historyName(f.Number))
		return usage.HistoryFile{}, fmt.Errorf("write history: %w", err)
	}
	return f, nil
}

// historyWriter writes the rows of a bucket and adds them up.
type historyWriter struct {
	rowWriter
	file *usage.HistoryFile
	rows []byte // of the next frame: schemas stand in front of it
}

func (w *historyWriter) write(fill func(put func(*usage.HistoryRow) error) error) error {
	start := w.begin(framePeriod)
	w.buf = appendPeriod(w.buf, w.file.Period)
	if err := errors.Join(w.end(start), fill(w.put), w.cut()); err != nil {
		return err
	}
	start = w.begin(frameHistoryEnd)
	w.buf = appendContent(w.buf, w.file)
	return w.end(start)
}

func (w *historyWriter) put(r *usage.HistoryRow) error {
	if err := w.schema(r.Schema); err != nil {
		return err
	}
	w.rows = appendHistoryRow(w.rows, r)
	addTo(w.file, r)
	if len(w.rows) < frameTarget {
		return nil
	}
	return w.cut()
}

// addTo notes that a file has a row.
func addTo(f *usage.HistoryFile, r *usage.HistoryRow) {
	f.Rows++
	f.Folded = f.Folded || r.Schema.Overflow()
	f.Sums[r.Schema.Kind].Add(&r.Measures)
}

// cut writes the frame that was gathered.
func (w *historyWriter) cut() error {
	if len(w.rows) == 0 {
		return nil
	}
	start := w.begin(frameHistoryRows)
	w.buf = append(w.buf, w.rows...)
	w.rows = w.rows[:0]
	return w.end(start)
}

// ReadHistory calls visit with every row of a bucket's file until visit returns an
// error, which it returns. A row is valid during the call, and what was visited counts
// for nothing if the file turns out to be damaged, which is a CorruptError. A file that
// is gone is fs.ErrNotExist. Memory is bounded by a frame of rows.
func (j *Journal) ReadHistory(f usage.HistoryFile, visit func(*usage.HistoryRow) error) error {
	name := historyName(f.Number)
	file, err := j.fs.Open(name)
	if err != nil {
		return fmt.Errorf("open history: %w", err)
	}
	r := newHistoryReader(name, file)
	err = r.readAs(f, visit)
	if corrupt := (*CorruptError)(nil); errors.As(err, &corrupt) {
		j.spoilt.add(name)
	}
	return errors.Join(err, file.Close())
}

// historyReader reads the file of a bucket.
type historyReader struct {
	*frameReader
	decoder decoder
	file    usage.HistoryFile // what it says of itself
}

func newHistoryReader(name string, src io.Reader) *historyReader {
	r := &historyReader{frameReader: newFrameReader(name, src)}
	r.whole = true
	return r
}

// readAs reads all of a file that is listed.
func (r *historyReader) readAs(listed usage.HistoryFile, visit func(*usage.HistoryRow) error) error {
	if err := r.beginAs(&listed); err != nil {
		return err
	}
	if err := r.rows(visit); err != nil {
		return err
	}
	if r.file != listed {
		return r.corrupt("it holds %d rows that are not what the snapshot says", r.file.Rows)
	}
	return nil
}

// beginAs reads up to the rows.
func (r *historyReader) beginAs(listed *usage.HistoryFile) error {
	if err := r.begin(); err != nil {
		return err
	}
	if r.file.Number != listed.Number {
		return r.corrupt("it has number %d: was it renamed?", r.file.Number)
	}
	if r.file.Period != listed.Period {
		return r.corrupt("it is of another %s than the snapshot says", r.file.Granularity)
	}
	return nil
}

func (r *historyReader) begin() error {
	h, err := r.readPreamble(historyMagic)
	if err != nil {
		return r.incomplete(err)
	}
	r.file.Number = h.generation
	r.decoder = newDecoder(h.version, &usage.Schemas{})
	kind, payload, err := r.next()
	if err != nil {
		return r.incomplete(err)
	}
	c := &cursor{rest: payload}
	if r.file.Period = c.period(); kind != framePeriod || c.err != nil {
		return r.corrupt("it does not say of when it is")
	}
	return nil
}

// rows reads from the first row to the end of the file.
func (r *historyReader) rows(visit func(*usage.HistoryRow) error) error {
	for {
		kind, payload, err := r.next()
		if err != nil {
			return r.incomplete(err)
		}
		switch kind {
		case frameSchema:
			err = r.asCorrupt(r.decoder.schema(payload))
		case frameHistoryRows:
			err = r.rowsFrame(payload, visit)
		case frameHistoryEnd:
			return r.end(payload)
		default:
			err = r.corrupt("frame of unknown kind %d", kind)
		}
		if err != nil {
			return err
		}
	}
}

// asCorrupt is the error of a payload that does not decode.
func (r *frameReader) asCorrupt(err error) error {
	if err == nil {
		return nil
	}
	return r.corrupt("%v", err)
}

func (r *historyReader) rowsFrame(payload []byte, visit func(*usage.HistoryRow) error) error {
	c := newTextCursor(payload)
	for len(c.rest) > 0 {
		row := r.decoder.historyRow(c)
		if c.err != nil {
			return r.corrupt("row: %v", c.err)
		}
		addTo(&r.file, &row)
		if err := visit(&row); err != nil {
			return err
		}
	}
	return nil
}

// end compares what was read with what was written.
func (r *historyReader) end(payload []byte) error {
	c, want := &cursor{rest: payload}, usage.HistoryFile{Number: r.file.Number, Period: r.file.Period}
	c.content(&want)
	if c.err != nil || want != r.file {
		return r.corrupt("its %d rows are not what was written", r.file.Rows)
	}
	switch _, _, err := r.next(); {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return r.corrupt("something follows the end")
	default:
		return err
	}
}
