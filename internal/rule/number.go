package rule

import (
	"math"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Number is what a value adds to a sum: a whole number and billionths, neither
// ever negative.
type Number struct{ Whole, Parts int64 }

const billion = 1e9

func ofInt(n int64) (Number, bool) {
	if n < 0 {
		return Number{}, false
	}
	return Number{Whole: n}, true
}

// ofFloat says no to what cannot be added up: NaN, infinities, and what is
// negative or too large.
func ofFloat(f float64) (Number, bool) {
	// The upper limit is exclusive: float64 rounds MaxInt64 up to 2^63.
	if !(f >= 0) || f >= math.MaxInt64 {
		return Number{}, false
	}
	whole := math.Trunc(f)
	n := Number{Whole: int64(whole), Parts: int64(math.Round((f - whole) * billion))}
	if n.Parts == billion {
		n = Number{Whole: n.Whole + 1} // above 2^53 there are no fractions
	}
	return n, true
}

func ofText(text string) (Number, bool) {
	text = strings.Trim(text, "\" \t\r\n") // as in JSON
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return ofInt(n)
	}
	// This keeps "NaN" and "Inf" out.
	if text == "" || !strings.ContainsRune("+-.0123456789", rune(text[0])) {
		return Number{}, false
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return Number{}, false
	}
	return ofFloat(f)
}

// ofValue reads an attribute. One without a value adds nothing.
func ofValue(v pcommon.Value) (Number, bool) {
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
		return Number{}, true
	case pcommon.ValueTypeInt:
		return ofInt(v.Int())
	case pcommon.ValueTypeDouble:
		return ofFloat(v.Double())
	case pcommon.ValueTypeStr:
		return ofText(v.Str())
	default:
		return Number{}, false
	}
}

// ofAny reads what OTTL made of an expression; nil is a value that is not there.
func ofAny(v any) (Number, bool) {
	switch v := v.(type) {
	case nil:
		return Number{}, true
	case int64:
		return ofInt(v)
	case float64:
		return ofFloat(v)
	case string:
		return ofText(v)
	default:
		return Number{}, false
	}
}
