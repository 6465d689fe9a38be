package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// FormatVersion is what this code writes. Older versions load; a newer one is
// refused and left untouched.
//
//	1  series, ledger of spans, export times
//	2  secret, ages, ledgers by signal, dedup keys, retired rows, sync marks,
//	   delta windows
//	3  costs, what is owed, data points, and what makes one call count once
//	4  series that end, sessions, meters of the user's own
//	5  history, budgets, resets, what was imported
const FormatVersion = 5

// All kinds of file begin with eight bytes of magic and the version as u32.
const (
	journalMagic  = "usagejnl"
	snapshotMagic = "usagesnp"
	keysMagic     = "usagekey"
	windowMagic   = "usagewin"
	historyMagic  = "usagehis"
	preambleBytes = len(journalMagic) + 4
)

// Identity says whose state a file is.
type Identity struct {
	// Writer is the instance that all exported numbers are attributed to;
	// created with the state and never changed.
	Writer string
	// Epoch counts the starts of that writer.
	Epoch uint64
	// Secret keys the hashes of dedup keys; empty in state that has none.
	Secret string
}

// header is the first frame of every file.
type header struct {
	Identity
	version uint32
	// generation is the number in the file's name.
	generation uint64
	// base is the newest commit before this generation.
	base uint64
	// rebase marks a journal that does not rely on the one before it, because that
	// one may not be on the disk: before it has its own snapshot, nothing in it is
	// promised.
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
	dst = appendString(dst, h.Secret)
	// Once more, under the checksum: a bit of the other may flip.
	dst = binary.AppendUvarint(dst, FormatVersion)
	return endFrame(dst, start)
}

// NewerError says that a file was written by a later build.
type NewerError struct {
	File    string
	Version uint32
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("`%s` has format version %d, this build reads versions up to %d: use the build that wrote it", e.File, e.Version, FormatVersion)
}

// readVersion reads magic and version; errTorn if the file ends before.
func (r *frameReader) readVersion(magic string) (version uint32, err error) {
	var p [preambleBytes]byte
	n, err := io.ReadFull(r.src, p[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, r.unreadable(err)
	}
	if have := min(n, len(magic)); string(p[:have]) != magic[:have] {
		return 0, r.unmarked(magic, p[:n])
	}
	if err != nil {
		r.torn = int64(n)
		return 0, errTorn
	}
	r.offset = int64(preambleBytes)
	switch version = binary.LittleEndian.Uint32(p[len(magic):]); {
	case version > FormatVersion:
		return 0, &NewerError{File: r.name, Version: version}
	case version == 0:
		return 0, r.corrupt("it has no format version")
	}
	return version, nil
}

// unmarked is what a file is that does not begin as it should. One that was being
// begun when the power was lost may have its length and, so far, zeros.
func (r *frameReader) unmarked(magic string, begin []byte) error {
	reason := fmt.Sprintf("it does not begin with %q", magic)
	if slices.ContainsFunc(begin, func(b byte) bool { return b != 0 }) {
		return r.corrupt("%s", reason)
	}
	return r.brokenAfter(begin, nil, reason)
}

// readPreamble reads magic, version and header.
func (r *frameReader) readPreamble(magic string) (header, error) {
	version, err := r.readVersion(magic)
	if err != nil {
		return header{}, err
	}
	r.marked = version > 1
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
	return r.decodeHeader(version, payload)
}

func (r *frameReader) decodeHeader(version uint32, payload []byte) (header, error) {
	c := &cursor{rest: payload}
	h := header{Identity: Identity{Writer: c.string(), Epoch: c.uvarint()}, version: version}
	h.generation, h.base, h.rebase = c.uvarint(), c.uvarint(), c.bool()
	h.created, h.layoutSince = c.varint(), c.varint()
	explicit, bounds := c.bool(), make([]time.Duration, c.count())
	for i := range bounds {
		bounds[i] = time.Duration(c.amount())
	}
	if h.layout = usage.ExponentialLayout(); explicit {
		h.layout = usage.ExplicitLayout(bounds)
	}
	if version > 1 {
		h.Secret = c.string()
	}
	if c.err != nil {
		return header{}, r.corrupt("header: %v", c.err)
	}
	if inside := c.version(version); inside != version {
		return header{}, r.corrupt("it has format version %d, its header %d", version, inside)
	}
	return h, nil
}

// version reads the version that a header ends with; those before 3 end without.
func (c *cursor) version(outside uint32) uint32 {
	if len(c.rest) == 0 && outside < 3 {
		return outside
	}
	return uint32(min(c.uvarint(), math.MaxUint32))
}

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func (c *cursor) bool() bool { return c.byte() != 0 }
