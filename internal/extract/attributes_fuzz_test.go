package extract

import (
	"math"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// forms are the ways in which a value can be written.
const forms = 10

// put writes a value in one of its forms, or leaves it out.
func put(attrs pcommon.Map, name string, form byte, text string, n int64, f float64) {
	switch form % forms {
	case 0:
		attrs.PutStr(name, text)
	case 1:
		attrs.PutInt(name, n)
	case 2:
		attrs.PutDouble(name, f)
	case 3:
		attrs.PutStr(name, strconv.Quote(text)) // as JSON
	case 4:
		attrs.PutStr(name, strconv.FormatInt(n, 10))
	case 5:
		attrs.PutStr(name, strconv.FormatFloat(f, 'g', -1, 64))
	case 6:
		attrs.PutBool(name, n%2 == 0)
	case 7:
		attrs.PutEmptySlice(name).AppendEmpty().SetStr(strconv.FormatInt(n, 10))
	case 8:
		attrs.PutEmptyBytes(name).FromRaw([]byte(text))
	}
}

// FuzzAttributeValues gives every attribute that usage is read from a value of
// any form: nothing panics, every span has a verdict, and no number is negative.
func FuzzAttributeValues(f *testing.F) {
	for i, text := range []string{"openai", "GET /a/{id}", "\"12\"", "NaN", "-1e308", "\xff\xfe", "https://api.openai.com:11434/v1?x=y"} {
		for kind := range byte(6) {
			f.Add(kind, []byte{byte(i), kind, 9, 1, 9, 2, 4, 3}, text, int64(math.MaxInt64-i), math.Inf(1-2*(i%2)))
			f.Add(kind, []byte{byte(i), 9, 9, 9, 9, 5, 9, 9, 9}, text, int64(-i), 0.5)
		}
	}
	x := newExtractor("tenant.id", "http.route")
	names := []string{"tenant.id"}
	for _, name := range namesOfFields() {
		names = append(names, name)
	}
	f.Fuzz(func(t *testing.T, kind byte, choice []byte, text string, n int64, number float64) {
		if len(choice) == 0 {
			return
		}
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		put(rs.Resource().Attributes(), "service.name", choice[0], text, n, number)
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetKind(ptrace.SpanKind(kind % 6))
		s.SetName(text)
		s.SetStartTimestamp(pcommon.Timestamp(n))
		s.SetEndTimestamp(pcommon.Timestamp(math.Float64bits(number)))
		i := 0
		for _, name := range names {
			put(s.Attributes(), name, choice[i%len(choice)], text, n, number)
			i++
		}
		requireSound(t, x, td)
	})
}

// requireSound reads telemetry and looks at all that comes of it.
func requireSound(t *testing.T, x *Extractor, td ptrace.Traces) {
	t.Helper()
	r := x.Traces(td, time.Unix(1e9, 0))
	defer x.Release(r)
	requireSoundBatch(t, r, int64(td.SpanCount()))
	var requests int64
	for _, d := range r.Batch.Seal() {
		requests += d.TotalRequests()
		require.Equal(t, d.TotalRequests(), int64(len(d.Durations)))
	}
	require.Equal(t, r.Batch.Ledger[usage.Counted], requests)
}

// requireSoundBatch requires what holds for every reading: everything received
// has a verdict, no measure is negative, and names are what exporters accept.
func requireSoundBatch(t *testing.T, r *Reading, received int64) {
	t.Helper()
	require.Equal(t, received, r.Batch.Ledger.Received())
	r.Batch.Touches(func(touched usage.Touched) {
		require.True(t, utf8.Valid(touched.ID))
		require.NotEmpty(t, touched.ID)
		require.LessOrEqual(t, len(touched.ID), usage.LongestValue)
		require.LessOrEqual(t, touched.First, touched.Last)
	})
	for i, d := range r.Batch.Seal() {
		for field, n := range d.Fields() {
			require.GreaterOrEqual(t, *n, int64(0), "measure %d", field)
		}
		key, _ := r.Batch.Key(i)
		for _, value := range usage.Key(key).AppendValues(nil) {
			require.True(t, utf8.ValidString(value))
			require.LessOrEqual(t, len(value), usage.LongestValue)
		}
	}
}
