package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// FormatVersion is what this code writes. Older versions load; a newer one is
// refused and left untouched.
const FormatVersion = 1

// Both kinds of file begin with eight bytes of magic and the version as u32.
const (
	journalMagic  = "usagejnl"
	snapshotMagic = "usagesnp"
	preambleBytes = len(journalMagic) + 4
)

// Identity says whose state a file is.
type Identity struct {
	// Writer is the instance that all exported numbers are attributed to;
	// created with the state and never changed.
	Writer string
	// Epoch counts the starts of that writer.
	Epoch uint64
}

// header is the first frame of every file.
type header struct {
	Identity
	generation uint64
	// base is the newest commit before this generation.
	base uint64
	// rebase marks a journal that does not continue the one before it, because
	// that one could not be written to: it counts only with its own snapshot.
	rebase  bool
	created int64 // Unix ns
	layout  *usage.Layout
	// layoutSince is when durations began to fall into this layout, in Unix
	// ns; 0: since each series began.
	layoutSince int64
}

func appendPreamble(dst []byte, magic string, h header) []byte {
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, FormatVersion)
	dst, start := beginFrame(dst, frameHeader)
	dst = appendString(dst, h.Writer)
	dst = binary.AppendUvarint(dst, h.Epoch)
	dst = binary.AppendUvarint(dst, h.generation)
	dst = binary.AppendUvarint(dst, h.base)
	dst = appendBool(dst, h.rebase)
	dst = binary.AppendVarint(dst, h.created)
	dst = binary.AppendVarint(dst, h.layoutSince)
	dst = appendBool(dst, h.layout.Explicit())
	dst = binary.AppendUvarint(dst, uint64(len(h.layout.BoundsNanos())))
	for _, b := range h.layout.BoundsNanos() {
		dst = binary.AppendUvarint(dst, uint64(b))
	}
	return endFrame(dst, start)
}

// readPreamble reads magic, version and header.
func (r *frameReader) readPreamble(magic string) (header, error) {
	var p [preambleBytes]byte
	n, err := io.ReadFull(r.src, p[:])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		r.torn = int64(n)
		err = errTorn
	} else if err != nil {
		return header{}, fmt.Errorf("read `%s`: %w", r.name, err)
	}
	if have := min(n, len(magic)); string(p[:have]) != magic[:have] {
		return header{}, r.corrupt("it does not begin with %q", magic)
	}
	if err != nil {
		return header{}, err
	}
	if v := binary.LittleEndian.Uint32(p[len(magic):]); v != FormatVersion {
		return header{}, fmt.Errorf("`%s` has format version %d, this build reads version %d: use the build that wrote it", r.name, v, FormatVersion)
	}
	r.offset = int64(preambleBytes)
	kind, payload, err := r.next()
	if errors.Is(err, io.EOF) {
		return header{}, errTorn
	}
	if err != nil {
		return header{}, err
	}
	if kind != frameHeader {
		return header{}, r.corrupt("the first frame is no header")
	}
	return r.decodeHeader(payload)
}

func (r *frameReader) decodeHeader(payload []byte) (header, error) {
	c := &cursor{rest: payload}
	h := header{Identity: Identity{Writer: c.string(), Epoch: c.uvarint()}}
	h.generation, h.base, h.rebase = c.uvarint(), c.uvarint(), c.bool()
	h.created, h.layoutSince = c.varint(), c.varint()
	explicit, bounds := c.bool(), make([]time.Duration, c.count())
	for i := range bounds {
		bounds[i] = time.Duration(c.amount())
	}
	if h.layout = usage.ExponentialLayout(); explicit {
		h.layout = usage.ExplicitLayout(bounds)
	}
	if c.err != nil {
		return header{}, r.corrupt("header: %v", c.err)
	}
	return h, nil
}

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func (c *cursor) bool() bool { return c.byte() != 0 }
