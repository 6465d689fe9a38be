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
	dst = appendMoment(dst, c.Moment)
	dst = append(dst, byte(c.Signal))
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
	dst = appendKeys(dst, c.Keys)
	dst = appendOnce(dst, c)
	dst = appendSessions(dst, c)
	dst = appendReset(dst, c.Reset)
	return endFrame(dst, start)
}

// appendTick appends the moment of an export.
func appendTick(dst []byte, at usage.Moment) []byte {
	dst, start := beginFrame(dst, frameTick)
	dst = appendMoment(dst, at)
	return endFrame(dst, start)
}

// appendSynced notes how many bytes of the file are on the disk.
func appendSynced(dst []byte, size int64) []byte {
	dst, start := beginFrame(dst, frameSynced)
	dst = binary.AppendUvarint(dst, uint64(size))
	return endFrame(dst, start)
}

func appendMoment(dst []byte, m usage.Moment) []byte {
	dst = binary.AppendVarint(dst, m.Wall)
	return binary.AppendVarint(dst, m.Age)
}

// appendKeys appends dedup keys, which no encoding could make shorter.
func appendKeys(dst []byte, keys []uint64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(keys)))
	for _, key := range keys {
		dst = binary.LittleEndian.AppendUint64(dst, key)
	}
	return dst
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
	dst = appendBuckets(dst, d.FirstTokens)
	dst = appendSpread(dst, d.DurationSpread)
	return appendSpread(dst, d.FirstTokenSpread)
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

// appendMeasures leaves out the measures that are zero, which a mask says.
func appendMeasures(dst []byte, m *usage.Measures) []byte {
	all := m.Fields()
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
	dst = binary.AppendVarint(dst, r.Touched)
	dst = appendMeasures(dst, &r.Measures)
	dst = appendDistribution(dst, &r.Durations)
	dst = appendDistribution(dst, &r.FirstTokens)
	dst = appendBool(dst, r.Reported != nil)
	if r.Reported != nil {
		dst = appendReported(dst, r.Reported)
	}
	return appendHours(dst, r.Hours)
}

func appendReported(dst []byte, r *usage.Reported) []byte {
	dst = binary.AppendUvarint(dst, r.Seq)
	dst = appendMeasures(dst, &r.Measures)
	dst = appendDistribution(dst, &r.Durations)
	dst = appendDistribution(dst, &r.FirstTokens)
	// Most points end together: each time is the distance from the one before.
	last := int64(0)
	dst = binary.AppendUvarint(dst, uint64(len(r.Until)))
	for _, t := range r.Until {
		dst = binary.AppendVarint(dst, t-last)
		last = t
	}
	return dst
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

// appendRetired appends a retired row to a frame of them.
func appendRetired(dst []byte, r *usage.Retired) []byte {
	dst = binary.AppendUvarint(dst, uint64(r.Schema.ID))
	for _, v := range r.Values {
		dst = appendString(dst, v)
	}
	return appendMeasures(dst, &r.Measures)
}

// appendTotals appends what a snapshot ends with.
func appendTotals(dst []byte, t *usage.Totals, rows uint64) []byte {
	dst = binary.AppendUvarint(dst, t.Seq)
	dst = appendMoment(dst, t.Moment)
	dst = binary.AppendUvarint(dst, uint64(len(t.Ledgers)))
	for i := range t.Ledgers {
		dst = appendLedger(dst, &t.Ledgers[i])
	}
	dst = binary.AppendUvarint(dst, rows)
	dst = appendWindow(dst, &t.Window)
	dst = binary.AppendVarint(dst, t.Since)
	dst = binary.AppendVarint(dst, t.Forgotten)
	dst = binary.AppendUvarint(dst, uint64(t.Slots))
	dst = appendHistory(dst, &t.History)
	return appendBudgets(dst, t.Budgets)
}
