package extract

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelusage/usageprocessor/internal/dialect"
)

// values holds what one record says, by field. Loading the next record makes the
// previous values invisible without clearing them.
type values struct {
	slots []slot
	round uint32
	// role is the highest that an attribute gave the record.
	role dialect.Role
	// bad counts, over all records loaded, values that could not be what their
	// field is.
	bad []badValue
}

// slot is the value of a field under the best of its names.
type slot struct {
	scalar
	entry *dialect.Entry
	round uint32
}

// badValue is an attribute that held values it cannot have.
type badValue struct {
	attribute string
	count     int64
}

func newValues(dimensions int) values {
	return values{slots: make([]slot, int(dialect.Fields)+dimensions)}
}

// load reads the attributes of a record, once.
func (v *values) load(t *dialect.Table, m pcommon.Map) {
	v.next()
	v.add(t, m)
}

// add reads more of the record that was loaded last.
func (v *values) add(t *dialect.Table, m pcommon.Map) {
	for name, value := range m.All() {
		if name == "" {
			continue
		}
		place := t.First(name)
		for e := t.At(place); e != nil; e = t.At(place) {
			if e.Name == name {
				v.put(e, value)
			}
			place++
		}
	}
}

func (v *values) next() {
	v.round++
	v.role = dialect.NoRole
	if v.round == 0 { // wrapped: rounds of long ago must not look current
		clear(v.slots)
		v.round = 1
	}
}

func (v *values) put(e *dialect.Entry, value pcommon.Value) {
	if e.Roles != nil {
		s := scalar{value: value}
		v.role = max(v.role, e.Roles.Of(unquote(s.text())))
		return
	}
	s := &v.slots[e.Field]
	if s.round == v.round && s.entry.Rank <= e.Rank {
		return
	}
	found := scalar{value: value}
	if e.JSON != "" {
		var ok bool
		if found, ok = member(value, e.JSON); !ok {
			return
		}
	}
	// Some writers fill in an ID that they do not have: another name may have it.
	if e.Field == dialect.SessionID && found.blank() {
		return
	}
	*s = slot{scalar: found, entry: e, round: v.round}
}

// release forgets the telemetry that was read.
func (v *values) release() { clear(v.slots) }

func (v *values) has(f dialect.Field) bool { return v.slots[f].round == v.round }

// get returns a field's value; ok is false if there is none.
func (v *values) get(f dialect.Field) (value scalar, ok bool) {
	s := &v.slots[f]
	return s.scalar, s.round == v.round
}

// entry is the name under which a field was found, which has to be there.
func (v *values) entry(f dialect.Field) *dialect.Entry { return v.slots[f].entry }

// text returns a string field; empty when it is missing or no string.
func (v *values) text(f dialect.Field) string {
	s := &v.slots[f]
	if s.round != v.round {
		return ""
	}
	return s.text()
}

// flag returns a boolean field, which may be written as a string.
func (v *values) flag(f dialect.Field) (value, ok bool) {
	s, ok := v.get(f)
	if !ok {
		return false, false
	}
	return s.flag()
}

// amount returns a field that counts something. What is no whole number, negative
// or too large is counted as a bad value and not ok.
func (v *values) amount(f dialect.Field) (n int64, ok bool) {
	s, ok := v.get(f)
	if !ok {
		return 0, false
	}
	if n, ok = s.whole(); !ok || n < 0 {
		v.spoil(v.entry(f).Name)
		return 0, false
	}
	return n, true
}

// length returns a captured Content-Length header, which is a list of strings.
func (v *values) length(f dialect.Field) int64 {
	s := &v.slots[f]
	if s.round == v.round && s.value.Type() == pcommon.ValueTypeSlice && s.value.Slice().Len() == 1 {
		s.value = s.value.Slice().At(0)
	}
	n, _ := v.amount(f)
	return n
}

// scaled returns a field that is no whole number, in billionths of its unit's
// base: seconds become nanoseconds, dollars nano-dollars.
func (v *values) scaled(f dialect.Field) (n int64, ok bool) {
	s, ok := v.get(f)
	if !ok {
		return 0, false
	}
	number, ok := s.float()
	if n, ok = billionths(number, v.entry(f).Unit, ok); !ok {
		v.spoil(v.entry(f).Name)
	}
	return n, ok
}

// billionths converts a number; ok is false for what cannot be: negative numbers
// and those beyond int64.
func billionths(number float64, unit dialect.Unit, is bool) (n int64, ok bool) {
	number *= perUnit(unit)
	if !is || !(number >= 0) || number >= math.MaxInt64 {
		return 0, false
	}
	return int64(math.Round(number)), true
}

// perUnit is how many billionths of its base a unit has.
func perUnit(unit dialect.Unit) float64 {
	switch unit {
	case dialect.Milliseconds:
		return 1e6
	case dialect.Microseconds, dialect.MicroDollars:
		return 1e3
	case dialect.Nanoseconds, dialect.NanoDollars:
		return 1
	default:
		return 1e9
	}
}

// spoil counts a value that an attribute cannot have.
func (v *values) spoil(attribute string) {
	for i := range v.bad {
		if v.bad[i].attribute == attribute {
			v.bad[i].count++
			return
		}
	}
	v.bad = append(v.bad, badValue{attribute, 1})
}
