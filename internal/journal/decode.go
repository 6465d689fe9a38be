package journal

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// decoder reads the frames of one file. Schemas get the numbers of this
// process instead of the file's.
type decoder struct {
	schemas *usage.Schemas
	byFile  map[uint64]*usage.Schema
}

func newDecoder(schemas *usage.Schemas) decoder {
	return decoder{schemas: schemas, byFile: map[uint64]*usage.Schema{}}
}

// maxSchemas is far more than configurations ever change in one file.
const maxSchemas = 1000

func (d *decoder) schema(payload []byte) error {
	c := &cursor{rest: payload}
	id, kind := c.uvarint(), usage.Kind(c.byte())
	names := make([]string, 0, c.count())
	for range cap(names) {
		names = append(names, c.string())
	}
	if c.err != nil {
		return fmt.Errorf("schema: %w", c.err)
	}
	if len(d.byFile) > maxSchemas {
		return fmt.Errorf("schema: more than %d in one file", maxSchemas)
	}
	if kind > usage.Provider || len(names) < len(usage.BaseNames(kind)) {
		return fmt.Errorf("schema: kind %d with %d dimensions is unknown", kind, len(names))
	}
	d.byFile[id] = d.schemas.Intern(kind, names)
	return nil
}

func (d *decoder) commit(payload []byte, out *usage.Commit) error {
	c := &cursor{rest: payload}
	*out = usage.Commit{Seq: c.uvarint(), Time: c.varint(), Ledger: c.ledger(), Defined: out.Defined[:0], Deltas: out.Deltas[:0]}
	for range c.count() {
		slot, schema, values, start := d.identity(c)
		out.Defined = append(out.Defined, usage.Definition{Slot: slot, Schema: schema, Values: values, Start: start})
	}
	for range c.count() {
		out.Deltas = append(out.Deltas, usage.Delta{
			Slot: c.slot(), Hour: c.varint(), Measures: c.measures(), Durations: c.buckets(), FirstTokens: c.buckets(),
		})
	}
	if c.err != nil {
		return fmt.Errorf("commit: %w", c.err)
	}
	return nil
}

func (d *decoder) identity(c *cursor) (slot uint32, s *usage.Schema, values []string, start int64) {
	slot = c.slot()
	s, ok := d.byFile[c.uvarint()]
	if !ok {
		c.fail()
		return 0, nil, nil, 0
	}
	values = make([]string, 0, len(s.Names))
	for range s.Names {
		value := c.string()
		if len(value) > usage.MaxValueBytes || !utf8.ValidString(value) {
			c.fail()
		}
		values = append(values, value)
	}
	return slot, s, values, c.varint()
}

func (c *cursor) slot() uint32 {
	v := c.uvarint()
	if v > math.MaxUint32 {
		c.fail()
	}
	return uint32(v)
}

func (c *cursor) measures() (m usage.Measures) {
	mask := c.uvarint()
	for i, f := range fields(&m) {
		if mask&(1<<i) != 0 {
			*f = c.amount()
		}
	}
	if mask>>fieldCount != 0 {
		c.fail()
	}
	return m
}

func (c *cursor) ledger() (l usage.Ledger) {
	for i := range c.count() {
		n := c.amount()
		if i < len(l) {
			l[i] = n
		}
	}
	return l
}

func (c *cursor) buckets() []usage.Bucket {
	n := c.count()
	if n == 0 {
		return nil
	}
	buckets, last := make([]usage.Bucket, 0, n), int64(0)
	for range n {
		last += c.varint()
		if last < math.MinInt16 || last > math.MaxInt16 {
			c.fail()
			return nil
		}
		buckets = append(buckets, usage.Bucket(last))
	}
	return buckets
}

// rows calls put with every series of a frame.
func (d *decoder) rows(payload []byte, put func(*usage.Row) error) error {
	c := &cursor{rest: payload}
	for len(c.rest) > 0 && c.err == nil {
		var r usage.Row
		r.Slot, r.Schema, r.Values, r.Start = d.identity(c)
		r.Seq, r.Measures = c.uvarint(), c.measures()
		r.Durations, r.FirstTokens = c.distribution(), c.distribution()
		if c.err != nil {
			break
		}
		if err := put(&r); err != nil {
			return err
		}
	}
	if c.err != nil {
		return fmt.Errorf("series: %w", c.err)
	}
	return nil
}

// minScale is the coarsest that int64 nanoseconds can need.
const minScale = -10

func (c *cursor) distribution() (d usage.Distribution) {
	d.Zero = c.uvarint()
	scale, offset := c.varint(), c.varint()
	if scale < minScale || scale > usage.MaxScale || offset < math.MinInt16 || offset > math.MaxInt16 {
		c.fail()
		return d
	}
	d.Scale, d.Offset = int32(scale), int32(offset)
	if n := c.count(); n > 0 {
		d.Counts = make([]uint64, n)
		for i := range d.Counts {
			d.Counts[i] = c.uvarint()
		}
	}
	return d
}

func decodeTotals(payload []byte) (t usage.Totals, rows uint64, err error) {
	c := &cursor{rest: payload}
	t = usage.Totals{Seq: c.uvarint(), Time: c.varint(), Ledger: c.ledger()}
	rows = c.uvarint()
	if c.err != nil {
		return t, 0, fmt.Errorf("totals: %w", c.err)
	}
	return t, rows, nil
}
