package extract

import (
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// scalar is one value: an attribute's, or a part of the JSON object in one.
type scalar struct {
	value pcommon.Value
	json  string // the part as text
	part  bool   // whether it is one
}

// member returns a part of an attribute that holds an object, as JSON or as what
// it is.
func member(value pcommon.Value, path string) (scalar, bool) {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		found := gjson.Get(asJSON(value.Str()), path)
		if !found.Exists() || found.Type == gjson.Null {
			return scalar{}, false
		}
		return scalar{json: found.String(), part: true}, true
	case pcommon.ValueTypeMap:
		return descend(value.Map(), path)
	default:
		return scalar{}, false
	}
}

// asJSON makes JSON of how Python shows a dictionary, which is what some writers
// send.
func asJSON(s string) string {
	if !strings.HasPrefix(s, "{'") {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "'", `"`), "None", "null")
}

func descend(m pcommon.Map, path string) (scalar, bool) {
	if value, ok := m.Get(path); ok {
		return scalar{value: value}, true
	}
	first, rest, _ := strings.Cut(path, ".")
	value, ok := m.Get(first)
	if !ok || rest == "" || value.Type() != pcommon.ValueTypeMap {
		return scalar{}, false
	}
	return descend(value.Map(), rest)
}

func (s *scalar) isText() bool { return s.part || s.value.Type() == pcommon.ValueTypeStr }

// text is a string; empty if the value is none.
func (s *scalar) text() string {
	switch {
	case s.part:
		return s.json
	case s.value.Type() == pcommon.ValueTypeStr:
		return s.value.Str()
	default:
		return ""
	}
}

// flag is a boolean, which may be written as a string.
func (s *scalar) flag() (value, ok bool) {
	if !s.part && s.value.Type() == pcommon.ValueTypeBool {
		return s.value.Bool(), true
	}
	switch text := s.text(); {
	case strings.EqualFold(text, "true"):
		return true, true
	case strings.EqualFold(text, "false"):
		return false, true
	default:
		return false, false
	}
}

// whole is an integer. Numbers arrive as int, double, numeric string or JSON
// string.
func (s *scalar) whole() (int64, bool) {
	if s.isText() {
		if n, err := strconv.ParseInt(trimNumber(s.text()), 10, 64); err == nil {
			return n, true
		}
	} else if s.value.Type() == pcommon.ValueTypeInt {
		return s.value.Int(), true
	}
	f, ok := s.float()
	return wholeOf(f, ok)
}

// wholeOf is a float that is an integer.
func wholeOf(f float64, ok bool) (int64, bool) {
	// The upper limit is exclusive: float64 rounds MaxInt64 up to 2^63.
	if !ok || f != math.Trunc(f) || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}

// float is a number; NaN and infinities are none.
func (s *scalar) float() (float64, bool) {
	if s.isText() {
		return parseFloat(trimNumber(s.text()))
	}
	switch s.value.Type() {
	case pcommon.ValueTypeInt:
		return float64(s.value.Int()), true
	case pcommon.ValueTypeDouble:
		f := s.value.Double()
		return f, !math.IsNaN(f) && !math.IsInf(f, 0)
	default:
		return 0, false
	}
}

func parseFloat(text string) (float64, bool) {
	// This also keeps "NaN" and "Inf" out, without an error value.
	if text == "" || !strings.ContainsRune("+-.0123456789", rune(text[0])) {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// trimNumber takes the quotes of a JSON string off.
func trimNumber(s string) string { return strings.Trim(s, "\" \t\r\n") }

// stated is a text without the words by which some writers say that there is none.
func stated(s string) string {
	switch s = unquote(s); s {
	case "none", "N/A", "null", "undefined", "-":
		return ""
	default:
		return s
	}
}

// stated is what a text says; empty if it is blank or one for none.
func (s *scalar) stated() string { return strings.TrimSpace(stated(strings.TrimSpace(s.text()))) }

// blank says whether the value says nothing.
func (s *scalar) blank() bool {
	if s.isText() {
		return s.stated() == ""
	}
	return s.value.Type() == pcommon.ValueTypeEmpty
}

// unquote takes the quotes of a JSON string off.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}
