package extract

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// content hashes what records say. It has more to read than the dedup keys that
// are made of it, hence a faster hash. Who makes records that collide in it hides
// usage of its own; the hash has to be the same in the next process.
type content struct {
	buf  []byte
	seed uint64
}

func (c *content) begin(kind byte) {
	c.buf = binary.LittleEndian.AppendUint64(append(c.buf[:0], kind), c.seed)
}

func (c *content) sum() uint64 { return xxhash.Sum64(c.buf) }

// text adds a text, and where it ends.
func (c *content) text(s string) {
	c.buf = binary.AppendUvarint(append(c.buf, s...), uint64(len(s)))
}

func (c *content) number(n uint64) { c.buf = binary.LittleEndian.AppendUint64(c.buf, n) }

// value adds a value, apart from values of other types.
func (c *content) value(v pcommon.Value) {
	c.buf = append(c.buf, byte(v.Type()))
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
	case pcommon.ValueTypeInt:
		c.number(uint64(v.Int()))
	case pcommon.ValueTypeDouble:
		c.number(math.Float64bits(v.Double()))
	case pcommon.ValueTypeStr:
		c.text(v.Str())
	default:
		c.text(v.AsString())
	}
}

// contentHash is of all that a log record says beside IDs and times, and of where:
// two hosts of one service may say the same at the same time.
func (r *Reading) contentHash(l plog.LogRecord) uint64 {
	resource, attributes := r.stream.ofResource(r), r.hashMap(l.Attributes())
	c := &r.content
	c.begin(hashedLog)
	c.number(resource)
	c.number(attributes)
	c.number(uint64(l.SeverityNumber()))
	c.text(l.EventName())
	c.value(l.Body())
	return c.sum()
}

// hashMap hashes attributes independently of their order: a writer's next point,
// and a line that is read from its file again, may have them in another one.
func (r *Reading) hashMap(m pcommon.Map) (sum uint64) {
	c := &r.content
	for name, value := range m.All() {
		sum += c.pair(name, value)
	}
	return sum
}

// pair hashes an attribute.
func (c *content) pair(name string, v pcommon.Value) uint64 {
	return c.mix(hashedPair, xxhash.Sum64String(name), c.hashOf(v))
}

// mix hashes two numbers. Both halves of the product are needed to tell what went
// into it.
func (c *content) mix(kind byte, a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^c.seed, b+bits.RotateLeft64(c.seed, int(kind)))
	return hi ^ lo
}

func (c *content) traceHash(trace pcommon.TraceID) uint64 {
	return c.mix(hashedSpan, binary.LittleEndian.Uint64(trace[:8]), binary.LittleEndian.Uint64(trace[8:]))
}

func (c *content) hashOf(v pcommon.Value) uint64 {
	if v.Type() == pcommon.ValueTypeStr {
		return xxhash.Sum64String(v.Str())
	}
	c.buf = c.buf[:0]
	c.value(v)
	return c.sum()
}
