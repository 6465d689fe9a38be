package e2e

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const sharedPipelines = `
    traces/a: {receivers: [otlp], processors: [usage], exporters: [nop]}
    traces/b: {receivers: [otlp/second], processors: [usage], exporters: [nop]}
    logs: {receivers: [nop], processors: [usage], exporters: [nop]}
`

// All pipelines of one component ID share one engine: a span that comes through
// any of them is counted once, and every metrics pipeline gets every point.
func TestPipelinesShareOneEngine_A_R4_X_8(t *testing.T) {
	t.Parallel()
	outs := []*sink{newSink(t), newSink(t)}
	s := setup{state: t.TempDir(), flush: 50 * time.Millisecond, export: 50 * time.Millisecond, sinks: outs}
	s.pipelines = sharedPipelines + `
    metrics/0: {receivers: [nop], processors: [usage], exporters: [otlp_http/0]}
    metrics/1: {receivers: [nop], processors: [usage], exporters: [otlp_http/1]}
`
	var g generator
	want := tally{}
	for begun := range 2 {
		c := start(t, s)
		both := []client{newGRPCClient(t, c.ports.grpc), newGRPCClient(t, c.ports.second), newGRPCClient(t, c.ports.second)}
		for name, n := range sendAll(t, &g, both, 5, 5) {
			want[name] += n
		}
		for _, out := range outs {
			reaches(t, "totals", want, out.totals)
		}
		// Each engine that opens the state begins a generation.
		if got := filepath.Base(stateFile(t, s.state, "journal")); got != generation(begun+1, "journal") {
			t.Errorf("start %d writes %s", begun+1, got)
		}
		c.stop()
		if warnings := c.warnings(); len(warnings) > 0 {
			t.Errorf("warnings: %q", warnings)
		}
		for _, out := range outs {
			equal(t, "totals after the last export", out.totals(), want)
		}
	}
	if a, b := outs[0].oneWriterAndStart(), outs[1].oneWriterAndStart(); a != b {
		t.Errorf("the exits export as %s and %s", a, b)
	}
	if !maps.EqualFunc(outs[0].starts(), outs[1].starts(), slices.Equal) {
		t.Error("the exits disagree about start times")
	}
}

// Without a metrics pipeline nothing is exported, which is said once; what is
// metered is there when one is added.
func TestWithoutMetricsPipeline(t *testing.T) {
	t.Parallel()
	out := newSink(t)
	s := setup{state: t.TempDir(), pipelines: sharedPipelines}
	c := start(t, s)
	want := sendAll(t, &generator{}, []client{newGRPCClient(t, c.ports.grpc), newGRPCClient(t, c.ports.second)}, 3, 5)
	c.stop()
	if warnings := c.warnings(); len(warnings) != 1 || !strings.Contains(warnings[0], "metrics pipeline") {
		t.Errorf("warnings: %q, want one about a metrics pipeline", warnings)
	}
	equal(t, "exported later", recovered(t, setup{state: s.state, sinks: []*sink{out}}, out), want)
}
