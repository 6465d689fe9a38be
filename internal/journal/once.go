package journal

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Choices, calls and streams, by which one call counts once, stand at the end of
// a commit that changes them, and in frames of a snapshot.

// onceCopy bounds how many of each are copied at a time: commits wait.
const onceCopy = 4096

// appendOnce appends what a commit changes.
func appendOnce(dst []byte, c *usage.Commit) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(c.Choices)))
	for i := range c.Choices {
		dst = appendChoice(dst, &c.Choices[i])
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.Calls)))
	for i := range c.Calls {
		dst = appendCall(dst, &c.Calls[i])
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.Streams)))
	for i := range c.Streams {
		dst = appendStream(dst, &c.Streams[i])
	}
	return dst
}

func appendChoice(dst []byte, v *usage.Choice) []byte {
	return append(appendString(dst, v.Source), byte(v.Rank))
}

// appendCall writes the hashes as they are: no encoding could make them shorter.
func appendCall(dst []byte, v *usage.Call) []byte {
	for _, hash := range []uint64{v.Self, v.Parent, v.Twin, v.Response} {
		dst = binary.LittleEndian.AppendUint64(dst, hash)
	}
	dst = binary.AppendVarint(dst, v.Start)
	return binary.AppendVarint(dst, v.End-v.Start)
}

func appendStream(dst []byte, v *usage.Stream) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, v.Key)
	dst = binary.AppendVarint(dst, v.Start)
	dst = binary.AppendVarint(dst, v.Time-v.Start)
	dst = binary.AppendUvarint(dst, uint64(v.Sum))
	dst = binary.AppendUvarint(dst, uint64(v.Count))
	return appendSpread(dst, v.Spread)
}

// appendSpread writes each bucket as the distance from the one before it.
func appendSpread(dst []byte, spread []usage.BucketCount) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(spread)))
	last := int64(0)
	for _, b := range spread {
		dst = binary.AppendVarint(dst, int64(b.Bucket)-last)
		dst = binary.AppendUvarint(dst, uint64(b.Count))
		last = int64(b.Bucket)
	}
	return dst
}

func (c *cursor) once(out *usage.Commit) {
	for range c.count() {
		out.Choices = append(out.Choices, c.choice())
	}
	for range c.count() {
		out.Calls = append(out.Calls, c.call())
	}
	for range c.count() {
		out.Streams = append(out.Streams, c.stream())
	}
}

func (c *cursor) choice() usage.Choice {
	return usage.Choice{Source: c.string(), Rank: usage.Rank(c.byte())}
}

func (c *cursor) call() usage.Call {
	v := usage.Call{Self: c.hash(), Parent: c.hash(), Twin: c.hash(), Response: c.hash(), Start: c.varint()}
	v.End = v.Start + c.varint()
	return v
}

func (c *cursor) stream() usage.Stream {
	v := usage.Stream{Key: c.hash(), Start: c.varint()}
	v.Time = v.Start + c.varint()
	v.Value = usage.Value{Sum: c.amount(), Count: c.amount(), Spread: c.spread()}
	return v
}

func (c *cursor) hash() uint64 {
	if len(c.rest) < 8 {
		c.fail()
		return 0
	}
	v := binary.LittleEndian.Uint64(c.rest)
	c.rest = c.rest[8:]
	return v
}

func (c *cursor) spread() []usage.BucketCount {
	n := c.count()
	if n == 0 {
		return nil
	}
	// Each takes two bytes at least.
	spread, last := make([]usage.BucketCount, 0, min(n, len(c.rest)/2)), int64(0)
	for range n {
		last += c.varint()
		if last < math.MinInt16 || last > math.MaxInt16 {
			c.fail()
			return nil
		}
		spread = append(spread, usage.BucketCount{Bucket: usage.Bucket(last), Count: c.amount()})
	}
	return spread
}

// all reads what a frame of a snapshot has to its end.
func all[T any](what string, c *cursor, read func() T) (list []T, err error) {
	for len(c.rest) > 0 {
		list = append(list, read())
	}
	if c.err != nil {
		return nil, fmt.Errorf("%s: %w", what, c.err)
	}
	return list, nil
}

// once reads a frame of choices, calls or streams.
func (s *snapshotReader) once(kind frameKind, payload []byte) error {
	switch c := newTextCursor(payload); kind {
	case frameChoices:
		list, err := all("choice", c, c.choice)
		s.target.RestoreChoices(list)
		return err
	case frameCalls:
		list, err := all("call", c, c.call)
		s.target.RestoreCalls(list)
		return err
	default:
		list, err := all("stream", c, func() usage.Stream {
			touched := c.uvarint()
			v := c.stream()
			v.Touched = touched
			return v
		})
		if s.foreign {
			leaveSpreads(list)
		}
		s.target.RestoreStreams(list)
		return err
	}
}

// leaveSpreads leaves behind what was counted in another layout.
func leaveSpreads(list []usage.Stream) {
	for i := range list {
		list[i].Spread = nil
	}
}

func (w *snapshotWriter) writeChoices(src Source) error {
	var part []usage.Choice
	for from, more := 0, true; more; from += len(part) {
		part, more = src.Choices(part[:0], from, onceCopy)
		if err := writeList(w, frameChoices, part, appendChoice); err != nil {
			return err
		}
	}
	return nil
}

func (w *snapshotWriter) writeCalls(src Source) error {
	var part []usage.Call
	for next, more := uint64(0), true; more; {
		part, next, more = src.Calls(part[:0], next, onceCopy)
		if err := writeList(w, frameCalls, part, appendCall); err != nil {
			return err
		}
	}
	return nil
}

func (w *snapshotWriter) writeStreams(src Source) error {
	var part []usage.Stream
	for next, more := 0, true; more; {
		part, next, more = src.Streams(part[:0], next, onceCopy)
		err := writeList(w, frameStreams, part, func(dst []byte, v *usage.Stream) []byte {
			return appendStream(binary.AppendUvarint(dst, v.Touched), v)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeList writes a list in frames of bounded size.
func writeList[T any](w *snapshotWriter, kind frameKind, list []T, appendTo func([]byte, *T) []byte) error {
	for len(list) > 0 {
		start := w.begin(kind)
		for len(list) > 0 && len(w.buf)-start < frameTarget {
			w.buf = appendTo(w.buf, &list[0])
			list = list[1:]
		}
		if err := w.end(start); err != nil {
			return err
		}
	}
	return nil
}
