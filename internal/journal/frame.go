package journal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// A frame is one record on disk:
//
//	length u32 | crc u32 | kind u8 | payload
//
// little endian. length is that of kind and payload; crc is CRC-32C over
// length, kind and payload. These are part of the format: never change them.
const (
	frameHead = 8
	// maxFrame bounds what a writer writes and a reader accepts.
	maxFrame = 1 << 30
	// scanBudget is how many bytes are summed to find a frame behind damage.
	scanBudget = 256 << 20
)

type frameKind uint8

// Frame kinds are part of the format: append only.
const (
	frameHeader frameKind = iota + 1
	frameSchema
	frameCommit
	frameTick
	frameRows
	frameEnd
	frameSynced
	frameRetired
	frameKeys
	frameKeyFile
	frameWindowRows
	frameWindowData
	frameWindow
	frameChoices
	frameCalls
	frameStreams
	frameSessions
	frameDetached
	frameImported
	frameHistoryFiles
	framePeriod
	frameHistoryRows
	frameHistoryEnd
	frameKinds = frameHistoryEnd
)

// castagnoli returns the CRC table; crc32.MakeTable hands out a shared one.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// beginFrame appends the head of a frame, to be completed by endFrame.
func beginFrame(dst []byte, kind frameKind) (out []byte, start int) {
	start = len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0, byte(kind))
	return dst, start
}

// endFrame fills in length and checksum of the frame that begins at start.
func endFrame(dst []byte, start int) []byte {
	frame := dst[start:]
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-frameHead))
	binary.LittleEndian.PutUint32(frame[4:], frameSum(frame[:4], frame[frameHead:]))
	return dst
}

func frameSum(length, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli()), castagnoli(), body)
}

// CorruptError says that a file does not hold what was written to it.
type CorruptError struct {
	File   string
	Offset int64
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("`%s` is damaged at byte %d: %s", e.File, e.Offset, e.Reason)
}

// errTorn is the end of a file that was being written when its writer died.
var errTorn = errors.New("torn tail")

// frameReader reads the frames of one file.
type frameReader struct {
	name   string
	src    *bufio.Reader
	offset int64 // of the next frame
	torn   int64 // bytes behind offset, once errTorn was returned
	buf    []byte
	frames int // that were read
	// marked says that whoever wrote the file notes in it how much was synced.
	marked bool
	// whole says that the file got its name when it was complete: no end is torn, and
	// what is behind damage does not matter.
	whole bool
}

// readBuffer is for small frames; others are read past it. Recovery opens many
// files only to look at how they begin.
const readBuffer = 16 << 10

func newFrameReader(name string, src io.Reader) *frameReader {
	return &frameReader{name: name, src: bufio.NewReaderSize(src, readBuffer)}
}

// next returns the next frame, valid until the one after it; io.EOF after the
// last, errTorn when nothing readable follows, a CorruptError when there is
// something readable behind something damaged.
func (r *frameReader) next() (frameKind, []byte, error) {
	head, err := r.src.Peek(frameHead)
	if len(head) == 0 && errors.Is(err, io.EOF) {
		return 0, nil, io.EOF
	}
	if err != nil {
		return 0, nil, r.broken(err, "incomplete frame")
	}
	size := int(binary.LittleEndian.Uint32(head))
	if size < 1 || size > maxFrame {
		return 0, nil, r.broken(nil, "impossible frame length")
	}
	want, length := binary.LittleEndian.Uint32(head[4:]), [4]byte(head[:4])
	frame, err := r.read(frameHead + size)
	if err != nil {
		return 0, nil, r.brokenAfter(frame, err, "incomplete frame")
	}
	if frameSum(length[:], frame[frameHead:]) != want {
		return 0, nil, r.brokenAfter(frame, nil, "checksum mismatch")
	}
	r.offset += int64(len(frame))
	r.frames++
	return frameKind(frame[frameHead]), frame[frameHead+1:], nil
}

// read reads size bytes, or as many as there are. The buffer grows with what is
// there, not with what a damaged length promises.
func (r *frameReader) read(size int) ([]byte, error) {
	const step = 1 << 20
	r.buf = r.buf[:0]
	for len(r.buf) < size {
		at := len(r.buf)
		r.buf = slices.Grow(r.buf, min(step, size-at))[:at+min(step, size-at)]
		if n, err := io.ReadFull(r.src, r.buf[at:]); err != nil {
			return r.buf[:at+n], err
		}
	}
	return r.buf, nil
}

// skip passes over n bytes.
func (r *frameReader) skip(n int) error {
	skipped, err := r.src.Discard(n)
	r.offset += int64(skipped)
	return err
}

// corrupt is the error for a frame that was read well and means nonsense.
func (r *frameReader) corrupt(format string, args ...any) error {
	return &CorruptError{File: r.name, Offset: r.offset, Reason: fmt.Sprintf(format, args...)}
}

func (r *frameReader) broken(err error, reason string) error {
	return r.brokenAfter(nil, err, reason)
}

// brokenAfter decides what a frame that cannot be read is. Only the end of a
// file can be torn. What was synced cannot: if a later frame says that this one
// was on the disk, something was damaged, and cutting there would throw away
// what was acknowledged. Behind what was synced last, a power loss may leave
// holes in front of whole frames.
func (r *frameReader) brokenAfter(consumed []byte, err error, reason string) error {
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return r.unreadable(err)
	}
	if r.whole {
		return r.corrupt("%s", reason)
	}
	rest, err := io.ReadAll(r.src)
	if err != nil {
		return r.unreadable(err)
	}
	rest = append(slices.Clip(consumed), rest...)
	if r.holdsContradiction(rest) {
		return r.corrupt("%s", reason)
	}
	r.torn = int64(len(rest))
	return errTorn
}

// unreadable tells a place that found its own data damaged, which is damage of
// the file, from one that failed to read.
func (r *frameReader) unreadable(err error) error {
	var found interface{ Damaged() bool }
	if errors.As(err, &found) && found.Damaged() {
		return r.corrupt("%v", err)
	}
	return fmt.Errorf("read `%s`: %w", r.name, err)
}

// maxNote is the most that a note of what was synced takes.
const maxNote = 1 + binary.MaxVarintLen64

// suspect says whether a frame further on, if it is one, could show that the one
// at offset was whole once. Files of format version 1 have no notes: there any
// frame does.
func (r *frameReader) suspect(kind frameKind, size int) bool {
	return !r.marked || kind == frameSynced && size <= maxNote
}

// contradicts says whether it does show that.
func (r *frameReader) contradicts(payload []byte) bool {
	if !r.marked {
		return true
	}
	c := &cursor{rest: payload}
	return c.amount() > r.offset && c.err == nil
}

// holdsContradiction says whether a whole frame that contradicts begins anywhere
// behind the first byte. Where that would take too long to know, which only
// happens in files of version 1, it says yes: refusing is safe.
func (r *frameReader) holdsContradiction(p []byte) bool {
	budget := scanBudget
	for i := 1; i+frameHead < len(p); i++ {
		size := int(binary.LittleEndian.Uint32(p[i:]))
		kind := frameKind(p[i+frameHead])
		if size < 1 || size > len(p)-i-frameHead || kind < frameHeader || kind > frameKinds || !r.suspect(kind, size) {
			continue
		}
		if budget -= size; budget < 0 {
			return true
		}
		body := p[i+frameHead : i+frameHead+size]
		if frameSum(p[i:i+4], body) == binary.LittleEndian.Uint32(p[i+4:]) && r.contradicts(body[1:]) {
			return true
		}
	}
	return false
}
