package journal

import (
	"encoding/binary"
	"errors"
	"math"
)

// errShort says that a payload ends early or holds a number out of range.
var errShort = errors.New("payload does not decode")

// cursor reads a payload. After the first impossible read every further one
// returns zero and err is set: callers check once, at the end.
type cursor struct {
	rest []byte
	err  error
	// What is read out of a payload with a thousand series shares memory: text is
	// the payload that strings are cut from, names and counts grow with it.
	text   string
	names  []string
	counts []uint64
}

// newTextCursor reads a payload that has strings.
func newTextCursor(payload []byte) *cursor { return &cursor{rest: payload, text: string(payload)} }

func (c *cursor) fail() { c.rest, c.err = nil, errShort }

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.rest)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.rest = c.rest[n:]
	return v
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.rest)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.rest = c.rest[n:]
	return v
}

// amount reads a number that is never negative.
func (c *cursor) amount() int64 {
	v := c.uvarint()
	if v > math.MaxInt64 {
		c.fail()
		return 0
	}
	return int64(v)
}

// count reads the number of elements that follow. Each takes at least a byte,
// so that a damaged count cannot make the reader allocate more than it read.
func (c *cursor) count() int {
	n := c.uvarint()
	if n > uint64(len(c.rest)) {
		c.fail()
		return 0
	}
	return int(n)
}

func (c *cursor) byte() byte {
	if len(c.rest) == 0 {
		c.fail()
		return 0
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return b
}

func (c *cursor) string() string {
	n := c.count()
	if c.text == "" {
		s := string(c.rest[:n])
		c.rest = c.rest[n:]
		return s
	}
	at := len(c.text) - len(c.rest)
	c.rest = c.rest[n:]
	return c.text[at : at+n]
}

func appendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}
