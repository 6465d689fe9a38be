package usageprocessor

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.yaml.in/yaml/v3"

	"github.com/otelusage/usageprocessor/internal/metadata"
	"github.com/otelusage/usageprocessor/internal/pricing"
)

// parsed is a source file.
type parsed struct {
	*ast.File
	path string
}

// sources are the files of the processor: the root package and those below internal.
func sources(t *testing.T, wanted func(name string) bool) (files []parsed) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (strings.HasPrefix(path, ".") || slices.Contains([]string{
			"bench", "bin", "build", "cmd", "e2e", "examples", "internal/tools", "testdata", "usageconnector", "usageextension",
		}, path)):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || !wanted(path):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		files = append(files, parsed{file, path})
		return err
	})
	require.NoError(t, err)
	require.Greater(t, len(files), 10)
	return files
}

func isTest(path string) bool { return strings.HasSuffix(path, "_test.go") }

// B-F1: the processor opens no port: no file of it imports what that takes. Of net/http
// it knows the names of methods and codes.
func TestNothingServes_B_F1(t *testing.T) {
	for _, file := range sources(t, func(path string) bool { return !isTest(path) }) {
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			assert.False(t, imported == "net" || strings.HasPrefix(imported, "net/http/") ||
				strings.HasPrefix(imported, "go.opentelemetry.io/collector/config/conf"), "%s imports %s", file.path, imported)
		}
		ast.Inspect(file.File, func(node ast.Node) bool {
			if s, ok := node.(*ast.SelectorExpr); ok {
				if pkg, ok := s.X.(*ast.Ident); ok && pkg.Name == "http" && pkg.Obj == nil {
					assert.Regexp(t, "^(Method|Status)[A-Z]", s.Sel.Name, file.path)
				}
			}
			return true
		})
	}
}

// B-R5, C-R2: what an error is, is asked with errors.Is and errors.As: its text is
// nowhere compared, searched or switched on. That errors are not compared with == is
// for the linter `errorlint`.
func TestErrorsAreNotToldByTheirText_B_R5_C_R2(t *testing.T) {
	for _, file := range sources(t, func(path string) bool { return !isTest(path) }) {
		assert.Zero(t, textsOfErrors(file.File), "%s asks for the text of an error", file.path)
	}
	const source = `package p
func f(err error) bool {
	switch err.Error() { case "EOF": return true }
	return strings.Contains(err.Error(), "full") || "EOF" == err.Error() || re.MatchString(err.Error())
}
func g(err error) error { return fmt.Errorf("%s", err.Error()) }`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	require.NoError(t, err)
	assert.Equal(t, 4, textsOfErrors(file))
}

// textsOfErrors is how often a decision hangs on the text of an error.
func textsOfErrors(file *ast.File) (n int) {
	text := func(e ast.Expr) bool {
		call, ok := e.(*ast.CallExpr)
		if !ok || len(call.Args) > 0 {
			return false
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		return ok && method.Sel.Name == "Error"
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CallExpr:
			if f, ok := node.Fun.(*ast.SelectorExpr); ok && slices.ContainsFunc(node.Args, text) {
				pkg, _ := f.X.(*ast.Ident)
				if pkg != nil && pkg.Name == "strings" || strings.HasPrefix(f.Sel.Name, "Match") {
					n++
				}
			}
		case *ast.BinaryExpr:
			if (node.Op == token.EQL || node.Op == token.NEQ) && (text(node.X) || text(node.Y)) {
				n++
			}
		case *ast.SwitchStmt:
			if node.Tag != nil && text(node.Tag) {
				n++
			}
		}
		return true
	})
	return n
}

// C-R8: a test that sleeps does so on the clock of testing/synctest, which takes no time.
func TestTestsDoNotWait_C_R8(t *testing.T) {
	for _, file := range sources(t, isTest) {
		sleeps, bubble := 0, false
		ast.Inspect(file.File, func(node ast.Node) bool {
			if s, ok := node.(*ast.SelectorExpr); ok {
				if pkg, ok := s.X.(*ast.Ident); ok {
					bubble = bubble || pkg.Name == "synctest"
					if pkg.Name == "time" && s.Sel.Name == "Sleep" {
						sleeps++
					}
				}
			}
			return true
		})
		// Ends of series and readers of telemetry that run beside senders, as often as they can.
		if file.path == filepath.Join("internal", "meter", "concurrent_test.go") {
			continue
		}
		assert.True(t, sleeps == 0 || bubble, "%s sleeps", file.path)
	}
}

// everything is a batch after which every metric of the processor has a point, but
// those of sessions that have ended.
func everything(ids *spanIDs) ptrace.Traces {
	td := ids.served("/a", 1)
	span := func(served bool, attributes map[string]any) {
		ids.served("/a", 1).ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
		s := td.ResourceSpans().At(td.ResourceSpans().Len() - 1).ScopeSpans().At(0).Spans().At(0)
		if !served {
			s.SetKind(ptrace.SpanKindClient)
			s.Attributes().Clear()
		}
		if err := put(s.Attributes(), attributes); err != nil {
			panic(err)
		}
	}
	span(true, map[string]any{"http.request.body.size": 1, "http.response.body.size": 1, "session.id": "s1"})
	call := map[string]any{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "m"}
	span(false, merge(call, map[string]any{
		"gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 1, "gen_ai.response.time_to_first_chunk": 0.1, "session.id": "s1",
	}))
	span(false, merge(call, map[string]any{"gen_ai.usage.input_tokens": 1, "gen_ai.request.model": "nobody's", "session.id": "s2", "error.type": "500"}))
	span(false, map[string]any{"http.request.method": "GET", "server.address": "files.example.com", "http.request.body.size": 1, "http.response.body.size": 1})
	return td
}

// B-F6, B-R1, B-R8: what is exported, by name, with units of SI. A metric that goes
// missing, or becomes another one, fails here.
func TestExportedMetrics_B_F6_B_R1_B_R8(t *testing.T) {
	r, sink := newRig(t, "names", func(c *Config) {
		price := 1.0
		c.Pricing.Overrides = []pricing.Override{{Model: "m", Input: &price, Output: &price}}
		c.Meters = []MeterConfig{{Name: "uploads", Signal: "traces", Condition: "true", Value: "1", Unit: "By"}}
	}), &consumertest.MetricsSink{}
	in, metrics := r.startTraces(), r.metrics(sink)
	r.start(metrics)
	var ids spanIDs
	require.NoError(t, in.ConsumeTraces(t.Context(), everything(&ids)))
	r.shutdown(in, metrics)
	found := map[string]string{}
	for _, md := range sink.AllMetrics() {
		for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			found[m.Name()] = m.Type().String() + " " + m.Unit()
		}
	}
	assert.Equal(t, map[string]string{
		"usage.endpoint.requests":            "Sum {request}",
		"usage.endpoint.duration":            "ExponentialHistogram s",
		"usage.endpoint.request.size":        "Sum By",
		"usage.endpoint.response.size":       "Sum By",
		"usage.provider.requests":            "Sum {request}",
		"usage.provider.duration":            "ExponentialHistogram s",
		"usage.provider.time_to_first_token": "ExponentialHistogram s",
		"usage.provider.tokens":              "Sum {token}",
		"usage.provider.cost":                "Sum {USD}",
		"usage.provider.requests.unpriced":   "Sum {request}",
		"usage.provider.request.size":        "Sum By",
		"usage.provider.response.size":       "Sum By",
		"usage.sessions.active":              "Sum {session}",
		"usage.sessions.opened":              "Sum {session}",
		"usage.sessions.closed":              "Sum {session}",
		"usage.session.duration":             "ExponentialHistogram s",
		"usage.meter.uploads":                "Sum By",
		"usage.meter.uploads.count":          "Sum {record}",
	}, found)
}

// described is metadata.yaml.
type described struct {
	Type       string
	Attributes map[string]struct{ Enum []string }
	Telemetry  struct {
		Metrics map[string]struct{ Unit string }
	}
}

func readMetadata(t *testing.T) (d described) {
	t.Helper()
	text, err := os.ReadFile("metadata.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &d))
	require.NotEmpty(t, d.Telemetry.Metrics)
	return d
}

// B-R8: what the processor tells about itself is in seconds, bytes and things.
func TestSelfMetricsHaveUnitsOfSI_B_R8(t *testing.T) {
	for name, m := range readMetadata(t).Telemetry.Metrics {
		assert.Regexp(t, `^(s|By|\{[a-z_]+\})$`, m.Unit, name)
		assert.NotRegexp(t, `_(ms|seconds|bytes|kb|mib)$`, name)
	}
}

// B-F6, C-F2, C-F27: attributes that are not identities have values of closed sets,
// whatever the telemetry says. All golden cases are asked; and a processor that runs, for
// what gauges say, which no case has.
func TestValuesAreOfClosedSets_B_F6_C_F2_C_F27(t *testing.T) {
	closed := map[string][]string{
		"outcome":              {"success", "client_error", "error", "throttled", "cancelled"},
		"session.close_reason": {"normal", "failed", "expired", "terminated", "duplicate", "shutdown"},
		"token.type":           {"input", "cache_read", "cache_write", "output", "reasoning"},
		"cost.source":          {"reported", "priced"},
		"provider.kind":        {"gen_ai", "db", "messaging", "http", "rpc"},
		"protocol":             {"http", "rpc", "messaging", "graphql", "faas", "mcp", "websocket", "gen_ai", "unknown"},
	}
	for name, attribute := range readMetadata(t).Attributes {
		if len(attribute.Enum) > 0 && name != "kind" { // that of sessions has two of its values
			closed[name] = attribute.Enum
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*", "*.test"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	attribute := regexp.MustCompile(`[ {]([a-z_.]+)=("(?:[^"\\]|\\.)*"|[^ :}]+)`)
	seen := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		_, output, ok := strings.Cut(string(text), "-- out --\n")
		require.True(t, ok, file)
		for _, found := range attribute.FindAllStringSubmatch(output, -1) {
			if values, ok := closed[found[1]]; ok {
				seen[found[1]]++
				assert.Contains(t, values, found[2], "%s: %s", file, found[1])
			}
		}
	}
	for _, value := range granularities(t) {
		seen["granularity"]++
		assert.Contains(t, closed["granularity"], value)
	}
	for name := range closed {
		if name != "scope" { // of damage, which no golden case is about
			assert.Positive(t, seen[name], "%s was seen", name)
		}
	}
}

// granularities are those that the number of history's buckets is told by.
func granularities(t *testing.T) (values []string) {
	t.Helper()
	m := meterOf(t)
	metric, err := m.telemetry.GetMetric("otelcol.usage.history.buckets")
	require.NoError(t, err)
	for _, p := range metric.Data.(metricdata.Gauge[int64]).DataPoints {
		value, _ := p.Attributes.Value("granularity")
		values = append(values, value.AsString())
	}
	m.shutdown(m.traces, m.logs, m.metrics)
	return values
}

// B-F5, D-R6: two components with IDs of their own run in one Collector, side by side,
// and what they export are two writers'; instances with one ID are one.
func TestTwoComponentsInOneCollector_B_F5_D_R6(t *testing.T) {
	factory, telemetry := NewFactory(), componenttest.NewTelemetry()
	writers := map[string]bool{}
	var ids spanIDs
	for _, name := range []string{"a", "b"} {
		r := newRig(t, name)
		r.factory, r.settings.TelemetrySettings = factory, telemetry.NewTelemetrySettings()
		sink := &consumertest.MetricsSink{}
		traces, logs, metrics := r.traces(r.next), r.logsInstance(consumertest.NewNop()), r.metrics(sink)
		r.start(metrics, traces, logs)
		t.Cleanup(func() { assert.NoError(t, logs.Shutdown(context.Background())) })
		require.NoError(t, traces.ConsumeTraces(t.Context(), ids.served("/"+name, 1)))
		r.shutdown(metrics, traces)
		got := points{}
		for _, md := range sink.AllMetrics() {
			id, ok := md.ResourceMetrics().At(0).Resource().Attributes().Get("service.instance.id")
			require.True(t, ok)
			writers[id.Str()] = true
			got.add(md)
		}
		assert.Equal(t, 1, got.requests(), "of its own ID, and of nobody else's")
		assert.Equal(t, 1, got.served("/"+name))
	}
	assert.Len(t, writers, 2)
	assert.NotContains(t, writers, "")
}

// B-F5: what two components tell about themselves is told apart by their IDs. The
// Collector gives both the same meter provider. That every metric says whose it is,
// is for a test of internal/meter.
func TestTelemetryOfTwoComponentsIsApart_B_F5(t *testing.T) {
	factory, telemetry := NewFactory(), componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.Background())) })
	var ids spanIDs
	for n, name := range []string{"a", "b"} {
		r := newRig(t, name, onlyHTTP)
		r.factory, r.settings.TelemetrySettings = factory, telemetry.NewTelemetrySettings()
		in := r.startTraces()
		t.Cleanup(func() { assert.NoError(t, in.Shutdown(context.Background())) })
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", n+1)))
	}
	for _, name := range []string{"records.received", "dedup.keys"} {
		m, err := telemetry.GetMetric("otelcol.usage." + name)
		require.NoError(t, err)
		var points []metricdata.DataPoint[int64]
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			points = data.DataPoints
		case metricdata.Gauge[int64]:
			points = data.DataPoints
		}
		told := map[string]int64{}
		for _, p := range points {
			id, _ := p.Attributes.Value("processor")
			told[id.AsString()] += p.Value
		}
		assert.Equal(t, map[string]int64{"usage/a": 1, "usage/b": 2}, told, name)
	}
}

// C-F20: the component with nothing but its name starts in every pipeline and passes
// on what it is given.
func TestEmptyConfig_C_F20(t *testing.T) {
	cfg, err := loadConfig("")
	require.NoError(t, err)
	r := newRig(t, "empty")
	r.config = cfg
	logsNext, metricsNext := &consumertest.LogsSink{}, &consumertest.MetricsSink{}
	traces, logs, metrics := r.traces(r.next), r.logsInstance(logsNext), r.metrics(metricsNext)
	r.start(metrics, traces, logs)
	var ids spanIDs
	require.NoError(t, traces.ConsumeTraces(t.Context(), ids.served("/a", 3)))
	require.NoError(t, logs.ConsumeLogs(t.Context(), logRecord()))
	require.NoError(t, metrics.ConsumeMetrics(t.Context(), dataPoint()))
	assert.Equal(t, []int{3, 1, 1}, []int{r.next.SpanCount(), logsNext.LogRecordCount(), metricsNext.DataPointCount()})
	assert.Empty(t, r.warnings())
	r.shutdown(traces, logs, metrics)
}

// C-R9: what the README tells to put into a manifest and into a configuration is this
// module and this component. CI builds ours, from builder-config.yaml.
func TestReadmeIsOfThisModule_C_R9(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		return string(text)
	}
	module := regexp.MustCompile(`(?m)^module (\S+)$`).FindStringSubmatch(read("go.mod"))[1]
	assert.Equal(t, module, strings.TrimSuffix(metadata.ScopeName, "/internal/metadata"))
	manifest := regexp.MustCompile(`gomod: (\S*usageprocessor)\b`)
	for _, name := range []string{"README.md", "builder-config.yaml"} {
		found := manifest.FindAllStringSubmatch(read(name), -1)
		require.NotEmpty(t, found, name)
		for _, m := range found {
			assert.Equal(t, module, m[1], name)
		}
	}
	assert.Equal(t, component.MustNewType(readMetadata(t).Type), metadata.Type)
	assert.Contains(t, read("README.md"), "\n  "+metadata.Type.String()+":\n")
}

// C-R6: what the processor costs is said with a way to measure it, and not as nothing.
func TestReadmeClaimsNoFreeLunch_C_R6(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.NotRegexp(t, `(?i)zero[ -](cost|overhead)|no overhead`, string(readme))
	assert.Contains(t, string(readme), "make bench")
}

// B-F10: no attribute of anything exported is empty or has no value, even where the
// telemetry says nothing at all.
func TestNoLabelIsEmpty_B_F10(t *testing.T) {
	r, sink := newRig(t, "labels", func(c *Config) {
		both := []DimensionConfig{{Name: "tenant.id"}}
		c.Endpoints.Dimensions, c.Providers.Dimensions = both, both
		c.Meters = []MeterConfig{{Name: "all", Signal: "traces", Condition: "true", Dimensions: both}}
	}), &consumertest.MetricsSink{}
	in, metrics := r.startTraces(), r.metrics(sink)
	r.start(metrics)
	td := ptrace.NewTraces()
	for _, kind := range []ptrace.SpanKind{ptrace.SpanKindServer, ptrace.SpanKindClient, ptrace.SpanKindProducer, ptrace.SpanKindConsumer} {
		for _, attributes := range []map[string]any{
			{},
			{"http.request.method": ""},
			{"gen_ai.operation.name": "", "gen_ai.provider.name": "", "session.id": "s"},
			{"http.route": "", "http.request.method": "GET", "tenant.id": "", "session.id": "s"},
			{"db.system.name": ""},
			{"messaging.system": "", "messaging.destination.name": ""},
			{"rpc.system": "", "rpc.method": ""},
		} {
			s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			s.SetKind(kind)
			require.NoError(t, put(s.Attributes(), attributes))
		}
	}
	require.NoError(t, in.ConsumeTraces(t.Context(), td))
	r.shutdown(in, metrics)
	checked := 0
	for _, md := range sink.AllMetrics() {
		for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			for _, attrs := range attributesOf(m) {
				for name, v := range attrs.All() {
					assert.NotEmpty(t, v.AsString(), "%s of %s", name, m.Name())
					checked++
				}
			}
		}
	}
	assert.Greater(t, checked, 20)
}

// attributesOf are those of all points of a metric.
func attributesOf(m pmetric.Metric) (all []pcommon.Map) {
	eachPoint(m, func(attrs pcommon.Map, _, _ pcommon.Timestamp, _ float64) { all = append(all, attrs) })
	return all
}

// valuesOf are what the points of a metric say: sums, and how many a histogram counts.
func valuesOf(m pmetric.Metric) (all []float64) {
	eachPoint(m, func(_ pcommon.Map, _, _ pcommon.Timestamp, value float64) { all = append(all, value) })
	return all
}
