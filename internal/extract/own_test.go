package extract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/rule"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// ownMeterOf is a meter that counts what meets a condition.
func ownMeterOf(tb testing.TB, signal usage.Signal, condition, value string, dimensions ...string) Meter {
	tb.Helper()
	m := Meter{Name: signal.String(), Unit: "By", Signal: signal, Dimensions: named(dimensions...)}
	var err error
	m.Condition, err = rule.CompileCondition(signal, condition)
	require.NoError(tb, err)
	if value != "" {
		m.Value, err = rule.CompileValue(signal, value)
		require.NoError(tb, err)
	}
	return m
}

func metering(meters ...Meter) *Extractor {
	return New(Options{
		Endpoints: Side{Enabled: true}, Providers: Side{Enabled: true},
		Schemas: &usage.Schemas{}, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout(), Meters: meters,
		Dedup: Dedup{Enabled: true, LogAttributes: []string{"request_id"}}, Dialects: presets(), Secret: Secret{7},
	})
}

// everything is a meter of each signal.
func everything(tb testing.TB) []Meter {
	tb.Helper()
	return []Meter{
		ownMeterOf(tb, usage.Traces, "true", `attributes["gen_ai.usage.input_tokens"]`, "tenant.id"),
		ownMeterOf(tb, usage.Logs, "true", `attributes["port"]`, "method"),
		ownMeterOf(tb, usage.Metrics, "true", `attributes["n"]`, "http.route"),
	}
}

func hits(r *Reading) (n int64) {
	for _, d := range r.Batch.Seal() {
		n += d.Hits
	}
	return n
}

func TestMetersSeeEveryRecord(t *testing.T) {
	x := metering(everything(t)...)
	td, ld, md := mixed(), lines(), measured()
	for name, tt := range map[string]struct {
		read func() *Reading
		want int
	}{
		"traces":  {func() *Reading { return x.Traces(td, time.Now()) }, td.SpanCount()},
		"logs":    {func() *Reading { return x.Logs(ld, time.Now()) }, ld.LogRecordCount()},
		"metrics": {func() *Reading { return x.Metrics(md, time.Now()) }, md.DataPointCount()},
	} {
		for range 2 { // the second round works on reused memory
			r := tt.read()
			assert.Equal(t, int64(tt.want), hits(r), name)
			assert.Equal(t, usage.Ledger{usage.Counted: int64(tt.want)}, r.Batch.Ledger, name)
			assert.Equal(t, own{rejected: []int64{0, 0, 0}}, r.own, "%s: nothing is held", name)
			x.Release(r)
		}
	}
}

// Spans without IDs share a key that is made of what meters have of them, too. It is
// the same in the next process, and whatever was read before.
func TestUnmeteredSpansWithoutIDs(t *testing.T) {
	batch := func(tenant string) ptrace.Traces {
		td, s := keyed()
		s.SetKind(ptrace.SpanKindInternal)
		s.SetSpanID(pcommon.SpanID{})
		s.Attributes().PutStr("tenant.id", tenant)
		return td
	}
	x := metering(everything(t)...)
	first := marks(x, batch("a"))
	assert.Len(t, first, 2, "one of its own, which it does not have, and the shared one")
	assert.Zero(t, first[0])
	assert.NotZero(t, first[1])
	x.Release(x.Traces(mixed(), time.Now()))
	assert.Equal(t, first, marks(x, batch("a")))
	assert.Equal(t, first, marks(metering(everything(t)...), batch("a")))
	assert.NotEqual(t, first, marks(x, batch("b")))
}

// What a meter has of spans without IDs is all that tells them apart sometimes: a value,
// or a dimension of spans that are in a series of an endpoint besides.
func TestHitsOfSpansWithoutIDs(t *testing.T) {
	batch := func(kind ptrace.SpanKind, tenant string, tokens float64) ptrace.Traces {
		td, s := keyed()
		s.SetKind(kind)
		s.SetSpanID(pcommon.SpanID{})
		s.Attributes().PutStr("tenant.id", tenant)
		s.Attributes().PutDouble("n", tokens)
		return td
	}
	x := metering(ownMeterOf(t, usage.Traces, "true", `attributes["n"]`, "tenant.id"))
	for _, kind := range []ptrace.SpanKind{ptrace.SpanKindInternal, ptrace.SpanKindServer} {
		first := marks(x, batch(kind, "a", 5))
		assert.Equal(t, first, marks(x, batch(kind, "a", 5)), "sent again")
		for _, other := range []ptrace.Traces{batch(kind, "a", 700), batch(kind, "a", 5.5), batch(kind, "b", 5)} {
			assert.NotEqual(t, first, marks(x, other))
		}
	}
}

func TestLineKeys(t *testing.T) {
	x := metering(everything(t)...)
	key := func(change func(plog.LogRecord)) uint64 {
		ld := plog.NewLogs()
		l := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		l.Body().SetStr("a line")
		l.SetTimestamp(1000)
		l.SetObservedTimestamp(2000)
		change(l)
		r := x.Logs(ld, time.Unix(1, 0))
		defer x.Release(r)
		return r.Batch.Marks.Keys[0]
	}
	id := func(l plog.LogRecord) { l.Attributes().PutStr("request_id", "r-1") }
	plain := key(func(plog.LogRecord) {})
	assert.NotZero(t, plain)
	assert.Equal(t, plain, key(func(plog.LogRecord) {}))
	of := key(id)
	for name, change := range map[string]func(plog.LogRecord){
		"body":     func(l plog.LogRecord) { l.Body().SetStr("another line") },
		"severity": func(l plog.LogRecord) { l.SetSeverityNumber(plog.SeverityNumberError) },
		"time":     func(l plog.LogRecord) { l.SetTimestamp(1001) },
		"trace":    func(l plog.LogRecord) { l.SetTraceID(pcommon.TraceID{1}) },
		"span":     func(l plog.LogRecord) { l.SetSpanID(pcommon.SpanID{1}) },
		"observed": func(l plog.LogRecord) { l.SetObservedTimestamp(2001) },
		"an ID":    id,
	} {
		assert.NotEqual(t, plain, key(change), name)
		if name != "an ID" {
			assert.Equal(t, name == "observed", of == key(func(l plog.LogRecord) { id(l); change(l) }), name)
		}
	}
	timeless := func(l plog.LogRecord) {
		l.SetTimestamp(0)
		l.SetObservedTimestamp(0)
	}
	assert.Zero(t, key(timeless), "two that look alike may well be two")
	assert.NotZero(t, key(func(l plog.LogRecord) { timeless(l); id(l) }))
	assert.NotZero(t, key(func(l plog.LogRecord) {
		timeless(l)
		l.SetTraceID(pcommon.TraceID{1})
		l.SetSpanID(pcommon.SpanID{1})
	}))
}

// Hosts of one service may say the same at the same time, whether a dialect knows what
// they say or not.
func TestLinesOfTwoHosts(t *testing.T) {
	x := metering(everything(t)...)
	keys := func(host string, attributes map[string]any) []uint64 {
		ld := plog.NewLogs()
		for _, h := range []string{host, "same"} {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", "shop")
			rl.Resource().Attributes().PutStr("host.name", h)
			l := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			l.SetTimestamp(1000)
			require.NoError(t, l.Attributes().FromRaw(attributes))
		}
		r := x.Logs(ld, time.Unix(1, 0))
		defer x.Release(r)
		return append([]uint64{}, r.Batch.Marks.Keys...)
	}
	for name, attributes := range map[string]map[string]any{
		"a line":           {"message": "done"},
		"of an access log": {"method": "GET", "path": "/", "status": "200"},
	} {
		a, b := keys("a", attributes), keys("b", attributes)
		assert.NotEqual(t, a[0], b[0], name)
		assert.NotEqual(t, a[0], a[1], name)
		assert.Equal(t, a[1], b[1], name)
	}
}

func TestPointKeys(t *testing.T) {
	x := metering(everything(t)...)
	keys := func(change func(pmetric.Metric, pmetric.NumberDataPoint)) []uint64 {
		md := pmetric.NewMetrics()
		sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
		for _, name := range []string{"a", "b"} {
			m := sm.Metrics().AppendEmpty()
			m.SetName(name)
			p := m.SetEmptyGauge().DataPoints().AppendEmpty()
			p.SetStartTimestamp(1)
			p.SetTimestamp(2)
			change(m, p)
		}
		r := x.Metrics(md, time.Unix(1, 0))
		defer x.Release(r)
		return append([]uint64{}, r.Batch.Marks.Keys...)
	}
	original := keys(func(pmetric.Metric, pmetric.NumberDataPoint) {})
	assert.NotEqual(t, original[0], original[1], "of two streams")
	assert.Equal(t, original, keys(func(_ pmetric.Metric, p pmetric.NumberDataPoint) { p.SetIntValue(5) }))
	for name, change := range map[string]func(pmetric.Metric, pmetric.NumberDataPoint){
		"start":     func(_ pmetric.Metric, p pmetric.NumberDataPoint) { p.SetStartTimestamp(3) },
		"time":      func(_ pmetric.Metric, p pmetric.NumberDataPoint) { p.SetTimestamp(3) },
		"attribute": func(_ pmetric.Metric, p pmetric.NumberDataPoint) { p.Attributes().PutStr("a", "b") },
		"unit":      func(m pmetric.Metric, _ pmetric.NumberDataPoint) { m.SetUnit("s") },
	} {
		assert.NotEqual(t, original[0], keys(change)[0], name)
	}
	assert.Equal(t, []uint64{0, 0}, keys(func(_ pmetric.Metric, p pmetric.NumberDataPoint) { p.SetTimestamp(0) }))
}

func TestWithoutDedupMetersHaveNoKeys(t *testing.T) {
	meters := everything(t)
	x := New(Options{
		Schemas: &usage.Schemas{}, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout(), Meters: meters, Dialects: presets(),
	})
	for _, r := range []*Reading{x.Traces(mixed(), time.Now()), x.Logs(lines(), time.Now()), x.Metrics(measured(), time.Now())} {
		for _, key := range r.Batch.Marks.Keys {
			assert.Zero(t, key)
		}
	}
}

func TestRejectedRecordsAreCounted(t *testing.T) {
	bad := ownMeterOf(t, usage.Traces, `Len(attributes["tenant.id"]) / 0 == 1`, "")
	bad.Name = "bad"
	x := metering(append(everything(t), bad)...)
	rejected := map[string]int64{}
	for range 2 {
		r := x.Traces(mixed(), time.Now())
		r.Rejected(func(meter string, n int64) { rejected[meter] += n })
		assert.Equal(t, int64(mixed().SpanCount()), hits(r), "those of the other meter")
		x.Release(r)
	}
	assert.Equal(t, map[string]int64{"bad": 2 * int64(mixed().SpanCount())}, rejected)
}
