package extract

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// closeName ends the value; one that nothing was written to is unknown.
func (r *Reading) closeName() {
	if r.key.Empty() {
		r.key.Write(usage.Unknown)
	}
	r.key.Close()
}

// value writes one whole value.
func (r *Reading) value(v string) {
	r.key.Open()
	r.key.Write(v)
	r.closeName()
}

// joined writes what there is of two parts, with a space between them.
func (r *Reading) joined(a, b string) {
	r.key.Write(a)
	if a != "" && b != "" {
		r.key.Write(" ")
	}
	r.key.Write(b)
}

// template writes a name without the identifiers in it.
func (r *Reading) template(name string) {
	r.key.WriteWith(func(dst []byte) []byte { return appendWithoutIDs(dst, name) })
}

// path writes a URL path without the identifiers in it.
func (r *Reading) path(path string) {
	r.key.WriteWith(func(dst []byte) []byte { return appendTemplate(dst, path) })
}

// lower writes a name in lower case.
func (r *Reading) lower(name string) {
	r.key.WriteWith(func(dst []byte) []byte { return appendLower(dst, name) })
}

// write writes an attribute value of any type.
func (r *Reading) write(value pcommon.Value) {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		r.key.Write(value.Str())
	case pcommon.ValueTypeInt:
		r.key.WriteWith(func(dst []byte) []byte { return strconv.AppendInt(dst, value.Int(), 10) })
	case pcommon.ValueTypeBool:
		r.key.WriteWith(func(dst []byte) []byte { return strconv.AppendBool(dst, value.Bool()) })
	default:
		r.key.Write(value.AsString())
	}
}

// appendLower appends s with its ASCII letters in lower case.
func appendLower(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// firstOf returns the first of its arguments that is not empty.
func firstOf(names ...string) string {
	for _, name := range names {
		if name != "" {
			return name
		}
	}
	return ""
}
