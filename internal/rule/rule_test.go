package rule

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// attributes are those of all records here, one of each type.
func attributes(m pcommon.Map) {
	m.PutStr("http.route", "/upload")
	m.PutInt("size", 1000)
	m.PutDouble("seconds", 0.25)
	m.PutStr("text", "12")
	m.PutBool("flag", true)
	m.PutEmpty("empty")
	m.PutEmptyMap("map").PutInt("size", 7)
	m.PutEmptySlice("list").AppendEmpty().SetInt(8)
	m.PutEmptyBytes("bytes").FromRaw([]byte("9"))
	m.PutInt("negative", -1)
	m.PutDouble("nan", math.NaN())
}

// read-only, as what a processor is given that does not change it.
func span() *Span {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("library")
	s := ss.Spans().AppendEmpty()
	s.SetName("checkout")
	s.SetKind(ptrace.SpanKindServer)
	attributes(s.Attributes())
	td.MarkReadOnly()
	return &Span{Resource: rs, Scope: ss, Span: s}
}

func log() *Log {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	sl := rl.ScopeLogs().AppendEmpty()
	l := sl.LogRecords().AppendEmpty()
	l.Body().SetStr("mail sent")
	attributes(l.Attributes())
	ld.MarkReadOnly()
	return &Log{Resource: rl, Scope: sl, Record: l}
}

// points are one of each type.
func points() map[string]*Point {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	sm := rm.ScopeMetrics().AppendEmpty()
	all := map[string]*Point{}
	add := func(name string) (pmetric.Metric, *Point) {
		m := sm.Metrics().AppendEmpty()
		m.SetName(name)
		all[name] = &Point{Resource: rm, Scope: sm, Metric: m}
		return m, all[name]
	}
	m, p := add("gauge")
	p.Number = m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.Number.SetIntValue(5)
	m, p = add("sum")
	p.Number = m.SetEmptySum().DataPoints().AppendEmpty()
	p.Number.SetDoubleValue(2.5)
	m, p = add("histogram")
	p.Histogram = m.SetEmptyHistogram().DataPoints().AppendEmpty()
	p.Histogram.SetCount(3)
	m, p = add("exponential")
	p.Exponential = m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	p.Exponential.SetCount(4)
	m, p = add("summary")
	p.Summary = m.SetEmptySummary().DataPoints().AppendEmpty()
	p.Summary.SetCount(6)
	for _, p := range all {
		attributes(p.Attributes())
	}
	md.MarkReadOnly()
	return all
}

func TestConditions(t *testing.T) {
	for text, want := range map[string]bool{
		`true`:                                  true,
		` true `:                                true,
		`false`:                                 false,
		`1 == 1`:                                true,
		`true or`:                               false, // refused, see below
		`attributes["http.route"] == "/upload"`: true,
		`attributes["http.route"] == "/cart"`:   false,
		`span.attributes["http.route"] == "/upload"`:                    true,
		`  attributes["http.route"]=="/upload" `:                        true,
		`attributes["http.route"] == "\u002fupload"`:                    true,
		`attributes["size"] == "1000"`:                                  false,
		`attributes["missing"] == ""`:                                   false,
		`attributes["empty"] == ""`:                                     false,
		`attributes["bytes"] == "9"`:                                    false,
		`attributes["size"] == 1000`:                                    true,
		`attributes["http.route"] != "/upload"`:                         false,
		`attributes["missing"] == nil`:                                  true,
		`attributes["map"]["size"] == 7`:                                true,
		`IsMatch(name, "^check") and kind == SPAN_KIND_SERVER`:          true,
		`resource.attributes["service.name"] == "shop"`:                 true,
		`scope.name == "library"`:                                       true,
		`IsRootSpan()`:                                                  true,
		`not IsRootSpan()`:                                              false,
		`attributes["http.route"] == "/upload" and 1 == 2`:              false,
		`attributes["http.route"] == "a" or attributes["flag"] == true`: true,
	} {
		t.Run(text, func(t *testing.T) {
			c, err := CompileCondition(usage.Traces, text)
			if text == "true or" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			s := span()
			met, err := c(s)
			s.Close()
			require.NoError(t, err)
			assert.Equal(t, want, met)
			assert.Nil(t, s.context, "nothing is held")
		})
	}
}

func TestConditionsOfOtherSignals(t *testing.T) {
	is := func(signal usage.Signal, text string, r Record) {
		t.Helper()
		c, err := CompileCondition(signal, text)
		require.NoError(t, err)
		met, err := c(r)
		r.Close()
		require.NoError(t, err)
		assert.True(t, met, text)
	}
	is(usage.Logs, `IsMatch(body, "sent$")`, log())
	is(usage.Logs, `log.attributes["http.route"] == "/upload"`, log())
	is(usage.Logs, `attributes["http.route"] == "/upload"`, log())
	for name := range points() {
		is(usage.Metrics, `metric.name == "`+name+`"`, points()[name])
		is(usage.Metrics, `datapoint.attributes["http.route"] == "/upload"`, points()[name])
		is(usage.Metrics, `attributes["http.route"] == "/upload" and true`, points()[name])
	}
}

func TestConditionsThatAreRefused(t *testing.T) {
	for text, signal := range map[string]usage.Signal{
		``:                                    usage.Traces,
		`attributes["a"]`:                     usage.Traces,
		`attributes["a"] = 1`:                 usage.Traces,
		`nonsense == 1`:                       usage.Traces,
		`Nonsense()`:                          usage.Traces,
		`set(attributes["a"], 1)`:             usage.Traces, // only conditions, nothing is changed
		`body == "a"`:                         usage.Traces,
		`name == "a"`:                         usage.Logs,
		`span.attributes["a"] == "b"`:         usage.Logs,
		`log.attributes["a"] == "b"`:          usage.Metrics,
		`IsMatch(name, "[")`:                  usage.Traces,
		`attributes["a"] == SPAN_KIND_SERVER`: usage.Logs,
	} {
		_, err := CompileCondition(signal, text)
		require.ErrorContains(t, err, "is no OTTL condition about "+signal.String(), text)
	}
	_, err := CompileValue(usage.Traces, `attributes[`)
	require.ErrorContains(t, err, "is no OTTL value of traces")
	_, err = CompileValue(usage.Logs, `span.attributes["size"]`)
	require.ErrorContains(t, err, "is no OTTL value of logs")
}

func TestErrorsAtRunTime(t *testing.T) {
	c, err := CompileCondition(usage.Traces, `ParseJSON(attributes["http.route"])["a"] == 1`)
	require.NoError(t, err)
	_, err = c(span())
	require.Error(t, err)
	v, err := CompileValue(usage.Traces, `Len(name) / 0`)
	require.NoError(t, err)
	_, _, err = v(span())
	require.Error(t, err)
}

// What is looked up directly is what OTTL would say.
func TestPlainRulesAreOTTL(t *testing.T) {
	plainly := span()
	for name := range plainly.Attributes().All() {
		path := `attributes["` + name + `"]`
		slow, err := languages[usage.Traces].value(path)
		require.NoError(t, err)
		fast, err := CompileValue(usage.Traces, path)
		require.NoError(t, err)
		n, ok, err := slow(span())
		require.NoError(t, err)
		again, still, err := fast(span())
		require.NoError(t, err)
		assert.Equal(t, n, again, name)
		assert.Equal(t, ok, still, name)
		for _, text := range []string{"/upload", "1000", "12", "true", "", "9"} {
			condition := path + ` == "` + text + `"`
			slow, err := languages[usage.Traces].condition(condition)
			require.NoError(t, err)
			fast, err := CompileCondition(usage.Traces, condition)
			require.NoError(t, err)
			met, err := slow(span())
			require.NoError(t, err)
			same, err := fast(span())
			require.NoError(t, err)
			assert.Equal(t, met, same, condition)
		}
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]struct {
		Number
		ok bool
	}{
		`attributes["size"]`:                    {Number{1000, 0}, true},
		`span.attributes["size"]`:               {Number{1000, 0}, true},
		`attributes["size"] * 2`:                {Number{2000, 0}, true},
		`attributes["seconds"]`:                 {Number{0, 250_000_000}, true},
		`attributes["seconds"] + 1.0`:           {Number{1, 250_000_000}, true},
		`attributes["text"]`:                    {Number{12, 0}, true},
		`Int(attributes["text"])`:               {Number{12, 0}, true},
		`attributes["missing"]`:                 {Number{}, true},
		`Int(attributes["missing"])`:            {Number{}, true},
		`attributes["empty"]`:                   {Number{}, true},
		`attributes["negative"]`:                {Number{}, false},
		`attributes["nan"]`:                     {Number{}, false},
		`attributes["flag"]`:                    {Number{}, false},
		`attributes["map"]`:                     {Number{}, false},
		`attributes["map"]["size"]`:             {Number{7, 0}, true},
		`attributes["list"]`:                    {Number{}, false},
		`attributes["list"][0]`:                 {Number{8, 0}, true},
		`attributes["bytes"]`:                   {Number{}, false},
		`attributes["http.route"]`:              {Number{}, false},
		`attributes`:                            {Number{}, false},
		`end_time - start_time`:                 {Number{}, false},
		`Milliseconds(end_time - start_time)`:   {Number{}, true},
		`resource.attributes["service.name"]`:   {Number{}, false},
		`end_time_unix_nano`:                    {Number{}, true},
		`5`:                                     {Number{5, 0}, true},
		`Len(attributes["http.route"])`:         {Number{7, 0}, true},
		`{"a": 1}`:                              {Number{}, false},
		`Concat(["1", attributes["text"]], "")`: {Number{112, 0}, true},
	} {
		t.Run(text, func(t *testing.T) {
			v, err := CompileValue(usage.Traces, text)
			require.NoError(t, err)
			s := span()
			n, ok, err := v(s)
			s.Close()
			require.NoError(t, err)
			assert.Equal(t, want.ok, ok)
			assert.Equal(t, want.Number, n)
		})
	}
}

func TestValuesOfPoints(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want Number
	}{
		"gauge":       {"value_int", Number{5, 0}},
		"sum":         {"value_double", Number{2, 500_000_000}},
		"histogram":   {"count", Number{3, 0}},
		"exponential": {"datapoint.count", Number{4, 0}},
		"summary":     {"count", Number{6, 0}},
	} {
		v, err := CompileValue(usage.Metrics, tt.text)
		require.NoError(t, err)
		p := points()[name]
		n, ok, err := v(p)
		p.Close()
		require.NoError(t, err)
		assert.True(t, ok, name)
		assert.Equal(t, tt.want, n, name)
	}
}

func TestNumbers(t *testing.T) {
	for _, tt := range []struct {
		value any
		want  Number
		ok    bool
	}{
		{nil, Number{}, true},
		{int64(0), Number{}, true},
		{int64(math.MaxInt64), Number{math.MaxInt64, 0}, true},
		{int64(-1), Number{}, false},
		{int64(math.MinInt64), Number{}, false},
		{0.0, Number{}, true},
		{math.Copysign(0, -1), Number{}, true},
		{1e-10, Number{}, true},
		{0.1, Number{0, 100_000_000}, true},
		{0.9999999999, Number{1, 0}, true},
		{1.5e9, Number{1_500_000_000, 0}, true},
		{math.Nextafter(math.MaxInt64, 0), Number{math.MaxInt64 - 1023, 0}, true},
		{float64(math.MaxInt64), Number{}, false},
		{-1e-300, Number{}, false},
		{math.Inf(1), Number{}, false},
		{math.Inf(-1), Number{}, false},
		{math.NaN(), Number{}, false},
		{"7", Number{7, 0}, true},
		{" 7\n", Number{7, 0}, true},
		{`"7"`, Number{7, 0}, true},
		{"+7", Number{7, 0}, true},
		{".5", Number{0, 500_000_000}, true},
		{"1e3", Number{1000, 0}, true},
		{"-1", Number{}, false},
		{"-0.5", Number{}, false},
		{"9223372036854775807", Number{math.MaxInt64, 0}, true},
		{"9223372036854775808", Number{}, false},
		{"", Number{}, false},
		{"NaN", Number{}, false},
		{"Inf", Number{}, false},
		{"+Inf", Number{}, false},
		{"1e999", Number{}, false},
		{"7 bytes", Number{}, false},
		{true, Number{}, false},
		{[]byte("7"), Number{}, false},
	} {
		n, ok := ofAny(tt.value)
		assert.Equal(t, tt.ok, ok, "%v", tt.value)
		assert.Equal(t, tt.want, n, "%v", tt.value)
	}
}
