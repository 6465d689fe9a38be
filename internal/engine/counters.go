package engine

import (
	"encoding/binary"
	"math"
)

// counters are bucket counts that take one byte each until one of them needs
// more: most series are quiet or narrow, and a million of them have to fit.
type counters struct {
	data  []byte
	width uint8 // bytes a counter: 1, 2, 4 or 8; 0 while empty
}

func (c *counters) len() int {
	if c.width == 0 {
		return 0
	}
	return len(c.data) / int(c.width)
}

func (c *counters) get(i int) uint64 {
	switch c.width {
	case 1:
		return uint64(c.data[i])
	case 2:
		return uint64(binary.LittleEndian.Uint16(c.data[2*i:]))
	case 4:
		return uint64(binary.LittleEndian.Uint32(c.data[4*i:]))
	default:
		return binary.LittleEndian.Uint64(c.data[8*i:])
	}
}

func (c *counters) set(i int, v uint64) {
	switch c.width {
	case 1:
		c.data[i] = byte(v)
	case 2:
		binary.LittleEndian.PutUint16(c.data[2*i:], uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(c.data[4*i:], uint32(v))
	default:
		binary.LittleEndian.PutUint64(c.data[8*i:], v)
	}
}

// add adds n to counter i, widening all counters when it no longer fits.
func (c *counters) add(i int, n uint64) {
	if c.width == 1 {
		if sum := uint64(c.data[i]) + n; sum <= 0xff {
			c.data[i] = byte(sum)
			return
		}
	}
	sum := addSaturating(c.get(i), n)
	if w := widthOf(sum); w > c.width {
		c.widen(w)
	}
	c.set(i, sum)
}

// addSaturating stops where requests do, at the largest int64: strangers can say
// that they have observed as much as they like.
func addSaturating(a, b uint64) uint64 {
	if sum := a + b; sum >= a && sum <= math.MaxInt64 {
		return sum
	}
	return math.MaxInt64
}

func (c *counters) widen(width uint8) {
	wide := newCounters(c.len(), width)
	for i := range c.len() {
		wide.set(i, c.get(i))
	}
	*c = wide
}

// move shifts the counters by n places up and makes room for size in all.
func (c *counters) move(n, size int) {
	moved := newCounters(size, max(c.width, 1))
	copy(moved.data[n*int(moved.width):], c.data)
	*c = moved
}

func newCounters(size int, width uint8) counters {
	return counters{data: make([]byte, size*int(width)), width: width}
}

func widthOf(v uint64) uint8 {
	switch {
	case v <= 0xff:
		return 1
	case v <= 0xffff:
		return 2
	case v <= 0xffffffff:
		return 4
	default:
		return 8
	}
}
