package extract

import (
	"math"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// values holds what one record says, by attribute. Loading the next record
// makes the previous values invisible without clearing them.
type values struct {
	index *index
	slots []valueSlot
	round uint32
	// bad counts, over all records loaded, values that could not be what their
	// attribute is, by attribute.
	bad [attributes]int64
}

type valueSlot struct {
	value pcommon.Value
	round uint32
	rank  uint8
}

func newValues(x *index, dimensions int) values {
	return values{index: x, slots: make([]valueSlot, int(attributes)+dimensions)}
}

// load reads the attributes of a record, once.
func (v *values) load(m pcommon.Map) {
	v.next()
	x := v.index
	for name, value := range m.All() {
		if name == "" {
			continue
		}
		for i := x.slot(name); x.entries[i].name != ""; i = (i + 1) & x.mask() {
			if e := &x.entries[i]; e.name == name {
				v.put(e, value)
			}
		}
	}
}

func (v *values) next() {
	v.round++
	if v.round == 0 { // wrapped: rounds of long ago must not look current
		clear(v.slots)
		v.round = 1
	}
}

func (v *values) put(e *indexEntry, value pcommon.Value) {
	s := &v.slots[e.attr]
	if s.round == v.round && s.rank <= e.rank {
		return
	}
	*s = valueSlot{value: value, round: v.round, rank: e.rank}
}

// release forgets the telemetry that was read.
func (v *values) release() { clear(v.slots) }

func (v *values) has(a attribute) bool { return v.slots[a].round == v.round }

func (v *values) get(a attribute) (pcommon.Value, bool) {
	s := &v.slots[a]
	return s.value, s.round == v.round
}

// text returns a string attribute; empty when it is missing or no string.
func (v *values) text(a attribute) string {
	value, ok := v.get(a)
	if !ok || value.Type() != pcommon.ValueTypeStr {
		return ""
	}
	return value.Str()
}

// flag returns a boolean attribute, which may be written as a string.
func (v *values) flag(a attribute) bool {
	value, ok := v.get(a)
	if !ok {
		return false
	}
	if value.Type() == pcommon.ValueTypeBool {
		return value.Bool()
	}
	return strings.EqualFold(v.text(a), "true")
}

// amount returns an attribute that counts something. Numbers arrive as int,
// double, numeric string or JSON string; anything else, and what is negative,
// fractional or too large, is counted as a bad value and not ok.
func (v *values) amount(a attribute) (n int64, ok bool) {
	value, ok := v.get(a)
	if !ok {
		return 0, false
	}
	if n, ok = wholeNumber(value); !ok || n < 0 {
		v.bad[a]++
		return 0, false
	}
	return n, true
}

// length returns a captured Content-Length header, which is a list of strings.
func (v *values) length(a attribute) int64 {
	value, ok := v.get(a)
	if ok && value.Type() == pcommon.ValueTypeSlice && value.Slice().Len() == 1 {
		v.slots[a].value = value.Slice().At(0)
	}
	n, _ := v.amount(a)
	return n
}

// nanoseconds returns an attribute that is a duration in seconds.
func (v *values) nanoseconds(a attribute) (ns int64, ok bool) {
	value, ok := v.get(a)
	if !ok {
		return 0, false
	}
	seconds, ok := number(value)
	if !ok || !(seconds >= 0) || seconds >= math.MaxInt64/1e9 {
		v.bad[a]++
		return 0, false
	}
	return int64(math.Round(seconds * 1e9)), true
}

// wholeNumber reads an integer in any of the forms it is written in.
func wholeNumber(value pcommon.Value) (int64, bool) {
	switch value.Type() {
	case pcommon.ValueTypeInt:
		return value.Int(), true
	case pcommon.ValueTypeStr:
		if n, err := strconv.ParseInt(trimNumber(value.Str()), 10, 64); err == nil {
			return n, true
		}
	}
	f, ok := number(value)
	// The upper limit is exclusive: float64 rounds MaxInt64 up to 2^63.
	if !ok || f != math.Trunc(f) || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}

// number reads a number; NaN and infinities are none.
func number(value pcommon.Value) (float64, bool) {
	var f float64
	switch value.Type() {
	case pcommon.ValueTypeInt:
		f = float64(value.Int())
	case pcommon.ValueTypeDouble:
		f = value.Double()
	case pcommon.ValueTypeStr:
		text := trimNumber(value.Str())
		if text == "" || !strings.ContainsRune("+-.0123456789", rune(text[0])) {
			return 0, false // also keeps "NaN" and "Inf" out without an error value
		}
		var err error
		if f, err = strconv.ParseFloat(text, 64); err != nil {
			return 0, false
		}
	default:
		return 0, false
	}
	return f, !math.IsNaN(f) && !math.IsInf(f, 0)
}

// trimNumber takes the quotes of a JSON string off.
func trimNumber(s string) string { return strings.Trim(s, "\" \t\r\n") }
