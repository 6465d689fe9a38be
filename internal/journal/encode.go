package journal

import (
	"encoding/binary"

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

// appendTotals appends what a snapshot ends with.
func appendTotals(dst []byte, t usage.Totals, rows uint64) []byte {
	dst = binary.AppendUvarint(dst, t.Seq)
	dst = binary.AppendVarint(dst, t.Time)
	dst = appendLedger(dst, &t.Ledger)
	return binary.AppendUvarint(dst, rows)
}
