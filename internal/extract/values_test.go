package extract

import (
	"iter"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelusage/usageprocessor/internal/dialect"
)

// attributesOf makes a map, in order.
func attributesOf(t *testing.T, pairs ...any) pcommon.Map {
	t.Helper()
	m := pcommon.NewMap()
	for i := 0; i < len(pairs); i += 2 {
		assert.NoError(t, m.PutEmpty(pairs[i].(string)).FromRaw(pairs[i+1]))
	}
	return m
}

func TestNumbersInAnyForm(t *testing.T) {
	base := compiledPresets()
	for _, c := range []struct {
		value any
		want  int64
		ok    bool
	}{
		{int64(12), 12, true},
		{12.0, 12, true},
		{"12", 12, true},
		{" 12\n", 12, true},
		{`"12"`, 12, true},
		{"12.0", 12, true},
		{"1e3", 1000, true},
		{int64(math.MaxInt64), math.MaxInt64, true},
		{"9223372036854775807", math.MaxInt64, true},
		{0.0, 0, true},
		{12.5, 0, false},
		{"9223372036854775808", 0, false},
		{1e300, 0, false},
		{int64(-1), 0, false},
		{"-1", 0, false},
		{math.NaN(), 0, false},
		{math.Inf(1), 0, false},
		{"NaN", 0, false},
		{"Inf", 0, false},
		{"0x10", 0, false},
		{"", 0, false},
		{"twelve", 0, false},
		{true, 0, false},
		{[]any{int64(1)}, 0, false},
		{map[string]any{"n": int64(1)}, 0, false},
		{[]byte{1}, 0, false},
		{nil, 0, false},
	} {
		v := newValues(0)
		v.load(base, attributesOf(t, "gen_ai.usage.input_tokens", c.value))
		n, ok := v.amount(dialect.InputTokens)
		assert.Equal(t, c.want, n, "%#v", c.value)
		assert.Equal(t, c.ok, ok, "%#v", c.value)
		assert.Equal(t, !c.ok, len(v.bad) == 1, "%#v is counted as bad", c.value)
	}
}

func TestBestNameWins(t *testing.T) {
	base := compiledPresets()
	for _, pairs := range [][]any{
		{"http.method", "OLD", "http.request.method", "NEW"},
		{"http.request.method", "NEW", "http.method", "OLD"},
		{"http.request.method", "NEW", "http.request.method", "TWICE"},
	} {
		v := newValues(0)
		v.load(base, attributesOf(t, pairs...))
		assert.Contains(t, []string{"NEW", "TWICE"}, v.text(dialect.HTTPMethod), "%v", pairs)
	}
}

func TestValuesOfOneRecordAreNotThoseOfTheNext(t *testing.T) {
	base := compiledPresets()
	v := newValues(0)
	v.load(base, attributesOf(t, "http.method", "GET"))
	v.round = math.MaxUint32 // the next load wraps
	v.load(base, attributesOf(t))
	assert.False(t, v.has(dialect.HTTPMethod))
	v.load(base, attributesOf(t, "", "empty name", "http.route", "/x"))
	assert.Equal(t, "/x", v.text(dialect.HTTPRoute))
}

func TestEveryNameIsFound(t *testing.T) {
	dimensions := []string{"tenant.id", "http.route", "a"}
	base := compiledPresets(dimensions...)
	for field, name := range namesOfFields() {
		v := newValues(len(dimensions))
		v.load(base, attributesOf(t, name, "value"))
		assert.True(t, v.has(field), name)
	}
	v := newValues(len(dimensions))
	v.load(base, attributesOf(t, "http.route", "/x", "a", int64(1)))
	assert.True(t, v.has(dialect.Fields+1), "a dimension that is known anyway")
	assert.True(t, v.has(dialect.HTTPRoute))
	assert.True(t, v.has(dialect.Fields+2))
	assert.False(t, v.has(dialect.Fields))
}

// compiledPresets is the table of spans' attributes.
func compiledPresets(dimensions ...string) *dialect.Table {
	return dialect.Compile(dialect.Options{Files: presets(), Dimensions: dimensions}).Base
}

// namesOfFields are all names of spans' attributes that hold one value.
func namesOfFields() iter.Seq2[dialect.Field, string] {
	return func(yield func(dialect.Field, string) bool) {
		for _, f := range presets() {
			for field := range dialect.Fields {
				for _, n := range f.Fields[field.String()] {
					if n.JSON == "" && !yield(field, n.Name) {
						return
					}
				}
			}
		}
	}
}

func TestFlagsAndSeconds(t *testing.T) {
	base := compiledPresets()
	v := newValues(0)
	v.load(base, attributesOf(t, "messaging.destination.temporary", "True", "gen_ai.response.time_to_first_chunk", "0.25"))
	temporary, ok := v.flag(dialect.MessagingTemporary)
	assert.True(t, temporary && ok)
	ns, ok := v.scaled(dialect.TimeToFirstToken)
	assert.True(t, ok)
	assert.Equal(t, int64(250e6), ns)
	for _, bad := range []any{-0.1, 1e300, "soon"} {
		v.load(base, attributesOf(t, "gen_ai.response.time_to_first_chunk", bad))
		_, ok = v.scaled(dialect.TimeToFirstToken)
		assert.False(t, ok, "%v", bad)
	}
	assert.Equal(t, []badValue{{"gen_ai.response.time_to_first_chunk", 3}}, v.bad)
}
