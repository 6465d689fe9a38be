package usageprocessor

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
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
	g := &golden{state: state, exports: exports{zero: time.Now(), last: map[string]exported{}, sessions: map[string]int64{}}, settled: true}
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

// golden is a case while it runs: a component ID in a pipeline of each signal,
// over all starts of its Collector.
type golden struct {
	state   string
	exports exports
	config  *Config

	// since the start
	telemetry *componenttest.Telemetry
	traces    processor.Traces
	logs      processor.Logs
	metrics   processor.Metrics
	next      *downstream
	exit      *metricsNext
	accepted  map[string]int64 // by signal
	refused   int64

	kept int64 // spans and log records counted before the start, and not lost by it
	// carried is how many requests there are in counted data points, each of which
	// carries any number of them; settled is false while that is to be found out.
	carried int64
	settled bool
	// events says that events of sessions were sent, which are counted and no request.
	events bool
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
		if !regexp.MustCompile(`(?m)^pricing:`).MatchString(s.sections[sectionConfig]) {
			// Prices change: cases that are not about them do without.
			g.config.Pricing.Enabled = false
		}
	}
	g.telemetry, g.next = componenttest.NewTelemetry(), &downstream{}
	g.exit = &metricsNext{downstream: g.next}
	g.accepted, g.refused = map[string]int64{}, 0
	if !g.config.Persistence.Enabled {
		g.kept, g.carried, g.settled = 0, 0, true
	}
	ctx, factory, set := context.Background(), NewFactory(), g.settings()
	traces, err := factory.CreateTraces(ctx, set, g.config, &tracesNext{downstream: g.next})
	require.NoError(t, err)
	logs, err := factory.CreateLogs(ctx, set, g.config, &logsNext{downstream: g.next})
	require.NoError(t, err)
	metrics, err := factory.CreateMetrics(ctx, set, g.config, g.exit)
	require.NoError(t, err)
	require.False(t, traces.Capabilities().MutatesData)
	require.False(t, logs.Capabilities().MutatesData)
	require.False(t, metrics.Capabilities().MutatesData)
	for _, c := range []component.Component{metrics, traces, logs} {
		require.NoError(t, c.Start(ctx, componenttest.NewNopHost()))
	}
	g.traces, g.logs, g.metrics = traces, logs, metrics
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
		g.kept += countedOnes(g.self(t))
	}
	ctx := context.Background()
	assert.NoError(t, g.traces.Shutdown(ctx))
	assert.NoError(t, g.logs.Shutdown(ctx))
	assert.NoError(t, g.metrics.Shutdown(ctx))
	assert.NoError(t, g.telemetry.Shutdown(ctx))
	g.traces = nil
	g.exports.follow(t, g.exports.read(t, g.exit.AllMetrics()))
}

// send gives a stage's batches to the processors and returns them as bytes.
func (g *golden) send(t *testing.T, s *stage) (sent [][]byte) {
	t.Helper()
	g.pass(arrival)
	g.exit.Reset()
	g.exit.fail(s.failure(sectionExit))
	g.next.got, g.next.err = nil, s.failure(sectionDownstream)
	for _, section := range s.archive.Files {
		b, err := g.batch(section.Name, s)
		require.NoError(t, err, s.file)
		if b == nil {
			continue
		}
		require.Equal(t, g.next.err, b.consume(), "%s: what the next consumer returns is returned", s.file)
		if s.sections[sectionDownstream] == failsForNow {
			g.refused += int64(b.size)
		} else {
			g.accepted[b.signal] += int64(b.size)
		}
		sent = append(sent, b.sent)
	}
	return sent
}

// batch is what a section sends.
type batch struct {
	signal  string
	size    int
	sent    []byte
	consume func() error
}

// batch reads a section that is sent. What it gives is read-only: who writes to
// it panics.
func (g *golden) batch(section string, s *stage) (*batch, error) {
	ctx, now := context.Background(), time.Now()
	switch section {
	case sectionIn:
		td, err := readTraces(s.sections[section], now, s.number)
		if err != nil {
			return nil, err
		}
		sent, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		td.MarkReadOnly()
		return &batch{"traces", td.SpanCount(), sent, func() error { return g.traces.ConsumeTraces(ctx, td) }}, err
	case sectionLogs:
		ld, err := readLogs(s.sections[section], now)
		if err != nil {
			return nil, err
		}
		if strings.Contains(s.sections[section], "session.start") || strings.Contains(s.sections[section], "session.end") {
			g.settled, g.events = false, true
		}
		sent, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		ld.MarkReadOnly()
		return &batch{"logs", ld.LogRecordCount(), sent, func() error { return g.logs.ConsumeLogs(ctx, ld) }}, err
	case sectionMetrics:
		md, err := readMetrics(s.sections[section], now)
		if err != nil {
			return nil, err
		}
		g.settled = false
		sent, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
		md.MarkReadOnly()
		ctx = context.WithValue(ctx, passing{}, true)
		return &batch{"metrics", md.DataPointCount(), sent, func() error { return g.metrics.ConsumeMetrics(ctx, md) }}, err
	default:
		return nil, nil //nolint:nilnil // a section that is not sent
	}
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
	for _, signal := range []string{"traces", "logs", "metrics"} {
		of := "signal=" + signal
		assert.Equal(t, g.accepted[signal], selfTotal(self, "records.received", of), "received %s", signal)
		assert.Equal(t, g.accepted[signal], selfTotal(self, "records", of), "%s: received = counted + skipped + unmetered", signal)
	}
	assert.Equal(t, g.refused, selfTotal(self, "records.refused"), "refused")
	g.exports.follow(t, found)
	if !s.has(sectionExit) {
		total := requests(found, false)
		if g.config.Export.Temporality == temporalityDelta {
			total = g.exports.deltas
		}
		g.checkRequests(t, total, g.kept+countedOnes(self))
	}
}

// checkRequests compares the requests exported with the spans and log records
// counted. What there are more come from data points: how many those carry is
// for the section `out` to say, but they never become more without new ones.
func (g *golden) checkRequests(t *testing.T, total, counted int64) {
	t.Helper()
	if len(g.config.Meters) > 0 { // what only they count is no request
		assert.True(t, g.accepted["metrics"] > 0 || total <= counted, "%d exported, %d counted", total, counted)
		return
	}
	if !g.settled {
		assert.True(t, g.events || total-counted >= g.carried, "data points take no requests away")
		g.carried, g.settled = total-counted, true
	}
	assert.Equal(t, counted+g.carried, total, "exported = counted")
}

// countedOnes is how many records were counted that are one request each.
func countedOnes(self []selfPoint) int64 {
	return selfTotal(self, "records", "result=counted", "signal=traces") + selfTotal(self, "records", "result=counted", "signal=logs")
}

func (g *golden) self(t *testing.T) []selfPoint {
	t.Helper()
	found, err := readSelf(g.telemetry)
	require.NoError(t, err)
	return found
}
