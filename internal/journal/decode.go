package journal

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// decoder reads the frames of one file. Schemas get the numbers of this
// process instead of the file's.
type decoder struct {
	version uint32 // of the file's format
	schemas *usage.Schemas
	byFile  map[uint64]*usage.Schema
}

func newDecoder(version uint32, schemas *usage.Schemas) decoder {
	return decoder{version: version, schemas: schemas, byFile: map[uint64]*usage.Schema{}}
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
	if len(d.byFile) >= maxSchemas {
		return fmt.Errorf("schema: more than %d in one file", maxSchemas)
	}
	if !usage.Valid(kind, names) {
		return fmt.Errorf("schema: kind %d with %d dimensions is unknown", kind, len(names))
	}
	d.byFile[id] = d.schemas.Intern(kind, names)
	return nil
}

func (d *decoder) commit(payload []byte, out *usage.Commit) error {
	c := &cursor{rest: payload}
	*out = usage.Commit{
		Defined: out.Defined[:0], Deltas: out.Deltas[:0], Keys: out.Keys[:0],
		Choices: out.Choices[:0], Calls: out.Calls[:0], Streams: out.Streams[:0],
		Expired: out.Expired[:0], Sessions: out.Sessions[:0],
	}
	out.Seq, out.Moment = c.uvarint(), d.moment(c)
	if d.version > 1 {
		out.Signal = c.signal()
	}
	out.Ledger = c.ledger()
	for range c.count() {
		slot := c.slot()
		schema, values := d.identity(c)
		out.Defined = append(out.Defined, usage.Definition{Slot: slot, Schema: schema, Values: values, Start: c.varint()})
	}
	for range c.count() {
		out.Deltas = append(out.Deltas, d.delta(c))
	}
	if d.version > 1 {
		out.Keys = c.keys(out.Keys)
	}
	if d.version > 2 {
		c.once(out)
	}
	if d.version > 3 {
		c.sessions(out)
	}
	if d.version > 4 {
		out.Reset = c.reset()
	}
	if c.err != nil {
		return fmt.Errorf("commit: %w", c.err)
	}
	return nil
}

func (d *decoder) delta(c *cursor) usage.Delta {
	out := usage.Delta{
		Slot: c.slot(), Hour: c.second(), Measures: c.measures(), Durations: c.buckets(), FirstTokens: c.buckets(),
	}
	if d.version > 2 {
		out.DurationSpread, out.FirstTokenSpread = c.spread(), c.spread()
	}
	return out
}

// moment reads both clocks; the first version knew the wall clock only.
func (d *decoder) moment(c *cursor) usage.Moment {
	m := usage.Moment{Wall: c.varint()}
	if d.version > 1 {
		m.Age = c.varint()
	}
	if m.Wall < 0 || m.Wall > maxMoment || m.Age < 0 || m.Age > maxMoment {
		c.fail()
	}
	return m
}

// maxMoment leaves room to go on from.
const maxMoment = math.MaxInt64 - 1<<53

func (d *decoder) identity(c *cursor) (s *usage.Schema, values []string) {
	s, ok := d.byFile[c.uvarint()]
	if !ok {
		c.fail()
		return nil, nil
	}
	first := len(c.names)
	for range s.Names {
		value := c.string()
		if len(value) > usage.LongestValue || !utf8.ValidString(value) {
			c.fail()
			return s, nil
		}
		c.names = append(c.names, value)
	}
	return s, c.names[first:len(c.names):len(c.names)]
}

func (c *cursor) signal() usage.Signal {
	s := usage.Signal(c.byte())
	if int(s) >= usage.Signals {
		c.fail()
		return 0
	}
	return s
}

// keys appends dedup keys to dst.
func (c *cursor) keys(dst []uint64) []uint64 {
	n := c.count()
	if n > len(c.rest)/keyBytes {
		c.fail()
		return dst
	}
	for range n {
		dst = append(dst, binary.LittleEndian.Uint64(c.rest))
		c.rest = c.rest[keyBytes:]
	}
	return dst
}

const keyBytes = 8

func (c *cursor) slot() uint32 {
	v := c.uvarint()
	if v > math.MaxUint32 {
		c.fail()
	}
	return uint32(v)
}

func (c *cursor) measures() (m usage.Measures) {
	mask := c.uvarint()
	for i, f := range m.Fields() {
		if mask&(1<<i) != 0 {
			*f = c.amount()
		}
	}
	if mask>>usage.FieldCount != 0 {
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
	c := newTextCursor(payload)
	for len(c.rest) > 0 && c.err == nil {
		var r usage.Row
		r.Slot = c.slot()
		r.Schema, r.Values = d.identity(c)
		r.Start = c.varint()
		r.Seq = c.uvarint()
		r.Touched = usage.NotKnown
		if d.version > 3 {
			r.Touched = c.varint()
		}
		if r.Touched < usage.NotKnown || r.Touched > maxMoment {
			c.fail()
		}
		r.Measures = c.measures()
		r.Durations, r.FirstTokens = c.distribution(), c.distribution()
		if d.version > 1 && c.bool() {
			r.Reported = c.reported()
		}
		if d.version > 4 {
			r.Hours = c.hours()
		}
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

func (c *cursor) reported() *usage.Reported {
	r := &usage.Reported{
		Seq: c.uvarint(), Measures: c.measures(), Durations: c.distribution(), FirstTokens: c.distribution(),
	}
	last := int64(0)
	for i := range c.count() {
		last += c.varint()
		if last < 0 || last > maxMoment {
			c.fail()
		}
		if i < len(r.Until) {
			r.Until[i] = last
		}
	}
	return r
}

// retired calls put with every retired row of a frame.
func (d *decoder) retired(payload []byte, put func(*usage.Retired) error) error {
	c := newTextCursor(payload)
	for len(c.rest) > 0 && c.err == nil {
		var r usage.Retired
		r.Schema, r.Values = d.identity(c)
		r.Measures = c.measures()
		if c.err != nil {
			break
		}
		if err := put(&r); err != nil {
			return err
		}
	}
	if c.err != nil {
		return fmt.Errorf("retired row: %w", c.err)
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
	first := len(c.counts)
	for range c.count() {
		c.counts = append(c.counts, c.uvarint())
	}
	if last := len(c.counts); last > first {
		d.Counts = c.counts[first:last:last]
	}
	return d
}

// written is how much of what a snapshot consists of its end says there is.
type written struct {
	rows    uint64
	history uint64 // files
}

func (d *decoder) totals(payload []byte) (t usage.Totals, w written, err error) {
	c := &cursor{rest: payload}
	t = usage.Totals{Seq: c.uvarint(), Moment: d.moment(c)}
	signals := 1
	if d.version > 1 {
		signals = c.count()
	}
	for i := range signals {
		if ledger := c.ledger(); i < len(t.Ledgers) {
			t.Ledgers[i] = ledger
		}
	}
	w.rows = c.uvarint()
	if d.version > 1 {
		t.Window = c.window()
	}
	if d.version > 2 {
		t.Since, t.Forgotten = c.varint(), c.varint()
	}
	if d.version > 3 {
		t.Slots = c.slot()
	}
	if d.version > 4 {
		t.History, w.history = c.history()
		t.Budgets = c.budgets()
	}
	if c.err != nil {
		return t, w, fmt.Errorf("totals: %w", c.err)
	}
	return t, w, nil
}
