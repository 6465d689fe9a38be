package usageprocessor

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelusage/usageprocessor/internal/metadata"
)

var update = flag.Bool("update", false, "write what the golden tests found into their files")

// TestGolden runs every folder of testdata/golden: its name says what the case
// shows, its files are the stages (golden_case_test.go). The components are the
// real ones, started as the Collector starts them; the clock is synctest's.
func TestGolden(t *testing.T) {
	root := filepath.Join("testdata", "golden")
	folders, err := os.ReadDir(root)
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	for _, folder := range folders {
		t.Run(folder.Name(), func(t *testing.T) {
			path := filepath.Join(root, folder.Name())
			stages, err := loadCase(os.DirFS(path))
			require.NoError(t, err)
			state := t.TempDir()
			synctest.Test(t, func(t *testing.T) { runCase(t, path, state, stages) })
		})
	}
}

func runCase(t *testing.T, path, state string, stages []stage) {
	g := &golden{state: state, exports: exports{zero: time.Now(), last: map[string]exported{}}}
	defer g.stop(t)
	for n := range stages {
		s := &stages[n]
		if n == 0 || s.has(sectionRestart) {
			g.start(t, s)
		}
		sent := g.send(t, s)
		g.pass(g.config.Export.Interval - arrival)
		found, self := g.exports.read(t, g.exit.AllMetrics()), g.self(t)
		g.exit.Reset()
		g.check(t, s, found, self)
		s.compare(t, sectionOut, g.exports.text(t, found, time.Now()))
		s.compare(t, sectionSelf, selfText(self))
		assert.Equal(t, sent, g.next.got, "%s: data has to leave as it came", s.file)
		if *update {
			require.NoError(t, os.WriteFile(filepath.Join(path, s.file), s.text(), 0o600))
		}
	}
}

// arrival is when in the interval between two exports the batch of a stage
// comes.
const arrival = time.Second

// golden is a case while it runs: a component ID in a traces and in a metrics
// pipeline, over all starts of its Collector.
type golden struct {
	state   string
	exports exports
	config  *Config

	// since the start
	telemetry *componenttest.Telemetry
	traces    processor.Traces
	metrics   processor.Metrics
	next      *tracesNext
	exit      *metricsNext
	accepted  int64 // spans
	refused   int64 // spans

	kept int64 // spans counted before the start, and not lost by it
}

// start is the start of a Collector, with the config of before unless the stage
// has one.
func (g *golden) start(t *testing.T, s *stage) {
	t.Helper()
	g.stop(t)
	if s.has(sectionConfig) || g.config == nil {
		var err error
		g.config, err = loadConfig(strings.ReplaceAll(s.sections[sectionConfig], "$STATE", g.state))
		require.NoError(t, err)
	}
	g.telemetry, g.next, g.exit = componenttest.NewTelemetry(), &tracesNext{}, &metricsNext{}
	g.accepted, g.refused = 0, 0
	if !g.config.Persistence.Enabled {
		g.kept = 0
	}
	ctx, factory, set := context.Background(), NewFactory(), g.settings()
	traces, err := factory.CreateTraces(ctx, set, g.config, g.next)
	require.NoError(t, err)
	metrics, err := factory.CreateMetrics(ctx, set, g.config, g.exit)
	require.NoError(t, err)
	require.False(t, traces.Capabilities().MutatesData)
	require.NoError(t, metrics.Start(ctx, componenttest.NewNopHost()))
	require.NoError(t, traces.Start(ctx, componenttest.NewNopHost()))
	g.traces, g.metrics = traces, metrics
}

func (g *golden) settings() processor.Settings {
	set := processortest.NewNopSettings(metadata.Type)
	set.BuildInfo.Version = goldenVersion
	set.TelemetrySettings = g.telemetry.NewTelemetrySettings()
	set.Resource.Attributes().PutStr("service.name", goldenCollector)
	set.Resource.Attributes().PutStr("service.instance.id", goldenCollector)
	return set
}

// stop is the end of a Collector, if one runs.
func (g *golden) stop(t *testing.T) {
	t.Helper()
	if g.traces == nil {
		return
	}
	if g.config.Persistence.Enabled {
		g.kept += selfTotal(g.self(t), "records", "result=counted")
	}
	ctx := context.Background()
	assert.NoError(t, g.traces.Shutdown(ctx))
	assert.NoError(t, g.metrics.Shutdown(ctx))
	assert.NoError(t, g.telemetry.Shutdown(ctx))
	g.traces = nil
	g.exports.follow(t, g.exports.read(t, g.exit.AllMetrics()))
}

// send gives a stage's batch to the processor and returns it as bytes. It is
// read-only: who writes to it panics.
func (g *golden) send(t *testing.T, s *stage) []byte {
	t.Helper()
	g.pass(arrival)
	g.exit.Reset()
	g.exit.fail(s.failure(sectionExit))
	g.next.got, g.next.err = nil, s.failure(sectionDownstream)
	if !s.has(sectionIn) {
		return nil
	}
	td, err := readTraces(s.sections[sectionIn], time.Now(), s.number)
	require.NoError(t, err, s.file)
	sent, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	td.MarkReadOnly()
	require.Equal(t, g.next.err, g.traces.ConsumeTraces(context.Background(), td), "%s: what the next consumer returns is returned", s.file)
	if s.sections[sectionDownstream] == failsForNow {
		g.refused += int64(td.SpanCount())
	} else {
		g.accepted += int64(td.SpanCount())
	}
	return sent
}

// pass moves the clock, which otherwise stands still, and waits until nothing
// is left to do.
func (*golden) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// check compares what is counted in different places, and with what was before.
func (g *golden) check(t *testing.T, s *stage, found []exported, self []selfPoint) {
	t.Helper()
	assert.Equal(t, g.accepted, selfTotal(self, "records.received"), "received")
	assert.Equal(t, g.accepted, selfTotal(self, "records"), "received = counted + skipped + unmetered")
	assert.Equal(t, g.refused, selfTotal(self, "records.refused"), "refused")
	g.exports.follow(t, found)
	if !s.has(sectionExit) {
		total := requests(found, false)
		if g.config.Export.Temporality == temporalityDelta {
			total = g.exports.deltas
		}
		assert.Equal(t, g.kept+selfTotal(self, "records", "result=counted"), total, "exported = counted")
	}
}

func (g *golden) self(t *testing.T) []selfPoint {
	t.Helper()
	found, err := readSelf(g.telemetry)
	require.NoError(t, err)
	return found
}
