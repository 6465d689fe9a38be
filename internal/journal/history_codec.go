package journal

import (
	"encoding/binary"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// History stands in a commit as what a reset removes, in a snapshot behind each
// series, in frames of their own and in the end, and in files.

// maxSecond is further from 1970 than any hour is that counts.
const maxSecond = 1 << 40

// second reads a Unix second.
func (c *cursor) second() int64 {
	s := c.varint()
	if s < -maxSecond || s > maxSecond {
		c.fail()
	}
	return s
}

// maxFileNumber leaves room to go on from.
const maxFileNumber = 1 << 63

func (c *cursor) fileNumber() uint64 {
	n := c.uvarint()
	if n > maxFileNumber {
		c.fail()
	}
	return n
}

// appendHours appends what a series has counted in hours that are in no file.
func appendHours(dst []byte, hours []usage.HourMeasures) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(hours)))
	for i := range hours {
		dst = binary.AppendVarint(dst, hours[i].Hour)
		dst = appendMeasures(dst, &hours[i].Measures)
	}
	return dst
}

// maxHours is far more than ever are in no file.
const maxHours = 1000

func (c *cursor) hours() []usage.HourMeasures {
	n := c.count()
	if n > maxHours {
		c.fail()
	}
	if n == 0 || c.err != nil {
		return nil
	}
	hours := make([]usage.HourMeasures, 0, n)
	for range n {
		hours = append(hours, usage.HourMeasures{Hour: c.second(), Measures: c.measures()})
	}
	return hours
}

func appendHistoryRow(dst []byte, r *usage.HistoryRow) []byte {
	dst = binary.AppendUvarint(dst, uint64(r.Schema.ID))
	for _, v := range r.Values {
		dst = appendString(dst, v)
	}
	return appendMeasures(dst, &r.Measures)
}

func (d *decoder) historyRow(c *cursor) (r usage.HistoryRow) {
	r.Schema, r.Values = d.identity(c)
	r.Measures = c.measures()
	return r
}

func appendDetached(dst []byte, r *usage.HourRow) []byte {
	return appendHistoryRow(binary.AppendVarint(dst, r.Hour), &r.HistoryRow)
}

func appendImported(dst []byte, r *usage.Imported) []byte {
	return appendHistoryRow(appendString(dst, r.Writer), &r.HistoryRow)
}

func appendSums(dst []byte, sums *[usage.Kinds]usage.Measures) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(sums)))
	for i := range sums {
		dst = appendMeasures(dst, &sums[i])
	}
	return dst
}

func (c *cursor) sums() (sums [usage.Kinds]usage.Measures) {
	for i := range c.count() {
		if m := c.measures(); i < len(sums) {
			sums[i] = m
		}
	}
	return sums
}

func appendPeriod(dst []byte, p usage.Period) []byte {
	dst = append(dst, byte(p.Granularity))
	dst = binary.AppendVarint(dst, p.Start)
	return binary.AppendVarint(dst, p.End-p.Start)
}

func (c *cursor) period() usage.Period {
	p := usage.Period{Granularity: usage.Granularity(c.byte()), Start: c.second()}
	p.End = p.Start + c.second()
	if p.Granularity > usage.Daily || p.End <= p.Start {
		c.fail()
	}
	return p
}

// appendContent appends what a history file ends with: of rows how many there are,
// whether one is of an overflow, and sums.
func appendContent(dst []byte, f *usage.HistoryFile) []byte {
	return appendSums(appendBool(binary.AppendUvarint(dst, uint64(f.Rows)), f.Folded), &f.Sums)
}

func (c *cursor) content(f *usage.HistoryFile) {
	f.Rows, f.Folded, f.Sums = int(c.amount()), c.bool(), c.sums()
}

func appendHistoryFile(dst []byte, f *usage.HistoryFile) []byte {
	dst = binary.AppendUvarint(dst, f.Number)
	return appendContent(appendPeriod(dst, f.Period), f)
}

func (c *cursor) historyFile() usage.HistoryFile {
	f := usage.HistoryFile{Number: c.fileNumber(), Period: c.period()}
	c.content(&f)
	return f
}

// appendHistory appends everything but the files, which have frames of their own,
// and how many those are.
func appendHistory(dst []byte, h *usage.History) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(h.Files)))
	dst = binary.AppendVarint(dst, h.ClosedUntil)
	dst = appendSums(dst, &h.Gone)
	dst = appendBool(dst, h.Inexact)
	dst = binary.AppendUvarint(dst, uint64(len(h.Erased)))
	for i := range h.Erased {
		dst = appendScope(dst, &h.Erased[i].Scope)
		dst = binary.AppendUvarint(dst, h.Erased[i].Through)
	}
	return dst
}

func (c *cursor) history() (h usage.History, files uint64) {
	files = c.uvarint()
	h.ClosedUntil, h.Gone, h.Inexact = c.second(), c.sums(), c.bool()
	for range c.count() {
		h.Erased = append(h.Erased, usage.Erased{Scope: c.scope(), Through: c.fileNumber()})
	}
	return h, files
}

func appendScope(dst []byte, s *usage.Scope) []byte {
	return appendString(appendString(dst, s.Attribute), s.Value)
}

func (c *cursor) scope() usage.Scope { return usage.Scope{Attribute: c.string(), Value: c.string()} }

func appendReset(dst []byte, scope *usage.Scope) []byte {
	dst = appendBool(dst, scope != nil)
	if scope != nil {
		dst = appendScope(dst, scope)
	}
	return dst
}

func (c *cursor) reset() *usage.Scope {
	if !c.bool() {
		return nil
	}
	scope := c.scope()
	return &scope
}
