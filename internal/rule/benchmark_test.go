package rule

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// evaluation is a rule about spans, and how often it may allocate: what is plain
// never, OTTL three times (design, section 15).
type evaluation struct {
	name, condition, value string
	allocs                 float64
}

var evaluations = []evaluation{
	{"always", `true`, ``, 0},
	{"plain_condition", `attributes["http.route"] == "/upload"`, ``, 0},
	{"plain_condition_and_value", `attributes["http.route"] == "/upload"`, `attributes["size"]`, 0},
	{"ottl_condition", `attributes["http.route"] == "/upload" and true`, ``, 3},
	{"ottl_function", `IsMatch(name, "^check") and kind == SPAN_KIND_SERVER`, ``, 3},
	{"ottl_value", `true`, `attributes["size"] * 2`, 3},
}

func (e *evaluation) compile(tb testing.TB) func(Record) {
	tb.Helper()
	c, err := CompileCondition(usage.Traces, e.condition)
	require.NoError(tb, err)
	var v Value
	if e.value != "" {
		v, err = CompileValue(usage.Traces, e.value)
		require.NoError(tb, err)
	}
	return func(r Record) {
		if met, err := c(r); !met || err != nil {
			tb.Fatal("it is not met", err)
		}
		if v == nil {
			return
		}
		if _, ok, err := v(r); !ok || err != nil {
			tb.Fatal("it has no value", err)
		}
	}
}

func BenchmarkRule(b *testing.B) {
	for _, e := range evaluations {
		b.Run(e.name, func(b *testing.B) {
			evaluate := e.compile(b)
			s := span()
			at := *s
			b.ReportAllocs()
			for b.Loop() {
				*s = at
				evaluate(s)
				s.Close()
			}
		})
	}
}
