package query

import (
	"math"
	"math/bits"
	"strconv"
)

// Number is a value in an answer. It is exact to the billionth, so that money is what
// it is and answers are the same everywhere, and never negative.
type Number struct {
	Whole int64
	Parts int64 // billionths, less than one whole
	Known bool
}

const billion = 1_000_000_000

func whole(n int64) Number { return Number{Whole: n, Known: true} }

func billionths(n int64) Number { return Number{Whole: n / billion, Parts: n % billion, Known: true} }

// quotient is a times scale through b in billionths of its unit, rounded half up; not
// known if b is 0.
func quotient(a, scale, b int64) Number {
	if b <= 0 {
		return Number{}
	}
	hi, lo := bits.Mul64(uint64(a), uint64(scale))
	lo, carry := bits.Add64(lo, uint64(b)/2, 0)
	if hi += carry; hi >= uint64(b) {
		return billionths(math.MaxInt64)
	}
	n, _ := bits.Div64(hi, lo, uint64(b))
	return billionths(int64(min(n, math.MaxInt64)))
}

// compare puts larger numbers first, and those that are not known last.
func (n Number) compare(o Number) int {
	switch {
	case n.Known != o.Known:
		if n.Known {
			return -1
		}
		return 1
	case n.Whole != o.Whole:
		if n.Whole > o.Whole {
			return -1
		}
		return 1
	case n.Parts > o.Parts:
		return -1
	case n.Parts < o.Parts:
		return 1
	default:
		return 0
	}
}

// Append appends the number as decimal text without trailing zeros, or nothing if it
// is not known.
func (n Number) Append(dst []byte) []byte {
	if !n.Known {
		return dst
	}
	dst = strconv.AppendInt(dst, n.Whole, 10)
	if n.Parts == 0 {
		return dst
	}
	dst = append(dst, '.')
	rest := n.Parts
	for unit := int64(billion / 10); rest > 0; unit /= 10 {
		dst = append(dst, byte('0'+rest/unit))
		rest %= unit
	}
	return dst
}

// String is the number as decimal text; empty if it is not known.
func (n Number) String() string { return string(n.Append(nil)) }

// Float is the double that is nearest to the number, for charts.
func (n Number) Float() float64 { return float64(n.Whole) + float64(n.Parts)/billion }
