package usageprocessor

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"go.yaml.in/yaml/v3"

	"github.com/otelusage/usageprocessor/internal/metadatatest"
)

// observed are the settings of a processor whose log and telemetry are seen.
func observed(t *testing.T) (processor.Settings, *observer.ObservedLogs, *componenttest.Telemetry) {
	t.Helper()
	telemetry := componenttest.NewTelemetry()
	set := metadatatest.NewSettings(telemetry)
	core, logs := observer.New(zap.InfoLevel)
	set.Logger = zap.New(core)
	return set, logs, telemetry
}

// kept is a configuration with persistence.
func kept(directory string) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Persistence.Enabled, cfg.Persistence.Directory = true, directory
	return cfg
}

func startInTraces(t *testing.T, set processor.Settings, cfg component.Config) processor.Traces {
	t.Helper()
	p, err := NewFactory().CreateTraces(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	return p
}

// A-F1: with persistence, usage is in a file after one interval, whatever the
// durability.
func TestUsageIsInAFileAfterOneInterval_A_F1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := kept(t.TempDir())
		cfg.Persistence.Durability = durabilityInterval
		set, _, telemetry := observed(t)
		p := startInTraces(t, set, cfg)
		before := directorySize(t, cfg.Persistence.Directory)
		require.NoError(t, p.ConsumeTraces(t.Context(), httpBatch(10)))
		assert.Equal(t, before, directorySize(t, cfg.Persistence.Directory))
		time.Sleep(cfg.Persistence.Interval)
		synctest.Wait()
		assert.Greater(t, directorySize(t, cfg.Persistence.Directory), before)
		require.NoError(t, p.Shutdown(t.Context()))
		require.NoError(t, telemetry.Shutdown(t.Context()))
	})
}

func directorySize(t *testing.T, dir string) (size int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		size += info.Size()
	}
	return size
}

// A-F2: a relative directory is one below the working directory, and what is
// logged is absolute. A file in its place is refused with the key.
func TestDirectoryIsShownAbsolute_A_F2(t *testing.T) {
	work := t.TempDir()
	t.Chdir(work)
	set, logs, _ := observed(t)
	p := startInTraces(t, set, kept("state"))
	shown := logs.FilterMessage("Usage is kept").All()
	require.Len(t, shown, 1)
	assert.Equal(t, "`persistence.directory` `"+filepath.Join(work, "state")+"`", shown[0].ContextMap()["place"])
	assert.DirExists(t, filepath.Join(work, "state"))
	require.NoError(t, p.Shutdown(t.Context()))

	require.NoError(t, os.WriteFile("file", []byte("mine"), 0o600))
	p, err := NewFactory().CreateTraces(t.Context(), set, kept("file"), consumertest.NewNop())
	require.NoError(t, err)
	assert.ErrorContains(t, p.Start(t.Context(), componenttest.NewNopHost()), "`persistence.directory`")
	require.NoError(t, p.Shutdown(t.Context()))
}

// A-F14, A-R5: an empty directory is nothing to complain about, and state is
// loaded once, however many pipelines there are.
func TestFirstStart_A_F14_A_R5(t *testing.T) {
	set, logs, _ := observed(t)
	f, cfg := NewFactory(), kept(t.TempDir())
	traces, err := f.CreateTraces(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	metrics, err := f.CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	for _, c := range []component.Component{traces, metrics} {
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	}
	for _, c := range []component.Component{traces, metrics} {
		require.NoError(t, c.Shutdown(t.Context()))
	}
	assert.Equal(t, 1, logs.Len(), "%v", logs.All())
	assert.Equal(t, 1, logs.FilterMessage("Usage is kept").Len())
}

// A-R1: with on_corruption: fail, state that cannot be read stops the start and
// names the file.
func TestUnreadableStateIsReported_A_R1(t *testing.T) {
	cfg := kept(t.TempDir())
	cfg.Persistence.OnCorruption = onCorruptionFail
	noise := filepath.Join(cfg.Persistence.Directory, "00000000000000000001.snapshot")
	require.NoError(t, os.WriteFile(noise, []byte("{}"), 0o600))
	set, _, _ := observed(t)
	p, err := NewFactory().CreateTraces(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	err = p.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, "`00000000000000000001.snapshot` is damaged at byte 0")
	require.ErrorContains(t, err, cfg.Persistence.Directory)
	require.NoError(t, p.Shutdown(t.Context()))
	content, err := os.ReadFile(noise)
	require.NoError(t, err)
	assert.Equal(t, "{}", string(content), "not overwritten")
}

// records in and what became of them, series, bad values, flushes, bytes.
func TestSelfTelemetry_X_9(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set, _, telemetry := observed(t)
		cfg := kept(t.TempDir())
		p := startInTraces(t, set, cfg)
		td := httpBatch(5)
		td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("http.response.body.size", "many")
		require.NoError(t, p.ConsumeTraces(t.Context(), td))
		time.Sleep(cfg.Persistence.Interval)
		synctest.Wait()
		for _, name := range []string{
			"records", "records.received", "series", "bad_values", "flush.duration", "journal.size", "snapshot.size",
		} {
			_, err := telemetry.GetMetric("otelcol.usage." + name)
			assert.NoError(t, err)
		}
		require.NoError(t, p.Shutdown(t.Context()))
		require.NoError(t, telemetry.Shutdown(t.Context()))
	})
}

// D-F6: a thousand IDs under one route are one series.
func TestOneSeriesPerRoute_D_F6(t *testing.T) {
	set, _, telemetry := observed(t)
	p := startInTraces(t, set, createDefaultConfig())
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range 1000 {
		s := spans.AppendEmpty()
		s.SetKind(ptrace.SpanKindServer)
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutStr("http.route", "/v1/x/{id}")
		s.Attributes().PutStr("url.path", fmt.Sprintf("/v1/x/%d", i))
	}
	require.NoError(t, p.ConsumeTraces(t.Context(), td))
	series, err := telemetry.GetMetric("otelcol.usage.series")
	require.NoError(t, err)
	var live int64
	for _, p := range series.Data.(metricdata.Sum[int64]).DataPoints {
		live += p.Value
	}
	assert.Equal(t, int64(1), live)
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, telemetry.Shutdown(t.Context()))
}

// D-F15: what the README shows works. Its two commands are what CI runs.
func TestReadmeExamplesAreValid_D_F15(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(readme, -1)
	require.NotEmpty(t, blocks)
	shown := 0
	for _, block := range blocks {
		var parsed struct{ Processors any }
		require.NoError(t, yaml.Unmarshal(block[1], &parsed))
		processors, ok := parsed.Processors.(map[string]any)
		if !ok {
			continue // the manifest of a distribution lists its processors
		}
		usage, _ := processors["usage"].(map[string]any)
		cfg := createDefaultConfig()
		require.NoError(t, confmap.NewFromStringMap(usage).Unmarshal(cfg))
		require.NoError(t, cfg.(*Config).Validate())
		shown++
	}
	assert.Positive(t, shown)
}
