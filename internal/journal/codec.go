package journal

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// encoder writes the frames of one file. Schemas are written once a file,
// before their first use, so that every file can be read on its own.
type encoder struct {
	known map[usage.SchemaID]struct{}
}

func newEncoder() encoder { return encoder{known: map[usage.SchemaID]struct{}{}} }

// schema appends a schema's frame unless the file has it already.
func (e *encoder) schema(dst []byte, s *usage.Schema) []byte {
	if _, ok := e.known[s.ID]; ok {
		return dst
	}
	e.known[s.ID] = struct{}{}
	dst, start := beginFrame(dst, frameSchema)
	dst = binary.AppendUvarint(dst, uint64(s.ID))
	dst = append(dst, byte(s.Kind))
	dst = binary.AppendUvarint(dst, uint64(len(s.Names)))
	for _, name := range s.Names {
		dst = appendString(dst, name)
	}
	return endFrame(dst, start)
}

// commit appends a commit, and the schemas of the series it defines.
func (e *encoder) commit(dst []byte, c *usage.Commit) []byte {
	for i := range c.Defined {
		dst = e.schema(dst, c.Defined[i].Schema)
	}
	dst, start := beginFrame(dst, frameCommit)
	dst = binary.AppendUvarint(dst, c.Seq)
	dst = binary.AppendVarint(dst, c.Time)
	dst = appendLedger(dst, &c.Ledger)
	dst = binary.AppendUvarint(dst, uint64(len(c.Defined)))
	for i := range c.Defined {
		d := &c.Defined[i]
		dst = appendIdentity(dst, d.Slot, d.Schema, d.Values, d.Start)
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.Deltas)))
	for i := range c.Deltas {
		dst = appendDelta(dst, &c.Deltas[i])
	}
	return endFrame(dst, start)
}

// appendTick appends the time of an export.
func appendTick(dst []byte, unixNanos int64) []byte {
	dst, start := beginFrame(dst, frameTick)
	dst = binary.AppendVarint(dst, unixNanos)
	return endFrame(dst, start)
}

func appendIdentity(dst []byte, slot uint32, s *usage.Schema, values []string, begin int64) []byte {
	dst = binary.AppendUvarint(dst, uint64(slot))
	dst = binary.AppendUvarint(dst, uint64(s.ID))
	for _, v := range values {
		dst = appendString(dst, v)
	}
	return binary.AppendVarint(dst, begin)
}

func appendDelta(dst []byte, d *usage.Delta) []byte {
	dst = binary.AppendUvarint(dst, uint64(d.Slot))
	dst = binary.AppendVarint(dst, d.Hour)
	dst = appendMeasures(dst, &d.Measures)
	dst = appendBuckets(dst, d.Durations)
	return appendBuckets(dst, d.FirstTokens)
}

// appendBuckets writes each bucket as the distance from the one before it.
func appendBuckets(dst []byte, buckets []usage.Bucket) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(buckets)))
	last := int64(0)
	for _, b := range buckets {
		dst = binary.AppendVarint(dst, int64(b)-last)
		last = int64(b)
	}
	return dst
}

// fields lists the measures in stored order. The order is part of the format:
// append only. Those that are zero are left out, which a mask says.
func fields(m *usage.Measures) [fieldCount]*int64 {
	return [fieldCount]*int64{
		&m.Requests[0], &m.Requests[1], &m.Requests[2], &m.Requests[3], &m.Requests[4],
		&m.Duration, &m.RequestBytes, &m.ResponseBytes,
		&m.Tokens[0], &m.Tokens[1], &m.Tokens[2], &m.Tokens[3], &m.Tokens[4],
		&m.TimeToFirstToken,
	}
}

const fieldCount = usage.Outcomes + 3 + usage.TokenTypes + 1

func appendMeasures(dst []byte, m *usage.Measures) []byte {
	all := fields(m)
	mask := uint64(0)
	for i, f := range all {
		if *f != 0 {
			mask |= 1 << i
		}
	}
	dst = binary.AppendUvarint(dst, mask)
	for _, f := range all {
		if *f != 0 {
			dst = binary.AppendUvarint(dst, uint64(*f))
		}
	}
	return dst
}

func appendLedger(dst []byte, l *usage.Ledger) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(l)))
	for _, n := range l {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	return dst
}

// appendRow appends a series to a frame of rows.
func appendRow(dst []byte, r *usage.Row) []byte {
	dst = appendIdentity(dst, r.Slot, r.Schema, r.Values, r.Start)
	dst = binary.AppendUvarint(dst, r.Seq)
	dst = appendMeasures(dst, &r.Measures)
	dst = appendDistribution(dst, &r.Durations)
	return appendDistribution(dst, &r.FirstTokens)
}

func appendDistribution(dst []byte, d *usage.Distribution) []byte {
	dst = binary.AppendUvarint(dst, d.Zero)
	dst = binary.AppendVarint(dst, int64(d.Scale))
	dst = binary.AppendVarint(dst, int64(d.Offset))
	dst = binary.AppendUvarint(dst, uint64(len(d.Counts)))
	for _, n := range d.Counts {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

// decoder reads the frames of one file. Schemas get the numbers of this
// process instead of the file's.
type decoder struct {
	schemas *usage.Schemas
	byFile  map[uint64]*usage.Schema
}

func newDecoder(schemas *usage.Schemas) decoder {
	return decoder{schemas: schemas, byFile: map[uint64]*usage.Schema{}}
}

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
		values = append(values, c.string())
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

func appendTotals(dst []byte, t usage.Totals, rows uint64) []byte {
	dst = binary.AppendUvarint(dst, t.Seq)
	dst = binary.AppendVarint(dst, t.Time)
	dst = appendLedger(dst, &t.Ledger)
	return binary.AppendUvarint(dst, rows)
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
