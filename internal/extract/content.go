package extract

import (
	"encoding/binary"
	"math"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// content hashes what records say. It has more to read than the dedup keys that
// are made of it, hence a faster hash; the secret keeps its collisions apart from
// those of others, and the same in the next process.
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

func (c *content) bytes(p []byte) { c.buf = append(c.buf, p...) }

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

// contentHash is of all that a log record says beside IDs and times.
func (r *Reading) contentHash(l plog.LogRecord) uint64 {
	c := &r.content
	c.begin(hashedLog)
	c.text(l.EventName())
	c.value(l.Body())
	for name, value := range l.Attributes().All() {
		c.text(name)
		c.value(value)
	}
	return c.sum()
}

// hashMap hashes attributes independently of their order: a writer's next point
// may have them in another one.
func (r *Reading) hashMap(m pcommon.Map) (sum uint64) {
	c := &r.content
	for name, value := range m.All() {
		c.begin(hashedStream)
		c.text(name)
		c.value(value)
		sum += c.sum()
	}
	return sum
}
