package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// validate runs the command of that name to its end.
func validate(t *testing.T, s setup) (code int, log string) {
	t.Helper()
	c := launch(t, "validate", "--config="+s.write(t, freePorts(t)))
	code = c.wait()
	empty(t, c.work, "after validate")
	return code, c.log()
}

func TestValidateHasNoSideEffects(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	s := setup{state: filepath.Join(parent, "state")}
	if code, log := validate(t, s); code != 0 {
		t.Errorf("exit code %d:\n%s", code, log)
	}
	empty(t, parent, "after validate")

	out := newSink(t)
	s.sinks, s.export = []*sink{out}, 50*time.Millisecond
	c := start(t, s)
	want := sendAll(t, &generator{}, clients(t, c), 1, 1)
	reaches(t, "totals", want, out.totals)
	c.kill()
	before := contents(t, s.state)
	c = start(t, s)
	for range 3 {
		owner := contents(t, s.state)[lockFile]
		if code, log := validate(t, s); code != 0 {
			t.Errorf("exit code %d beside a running collector:\n%s", code, log)
		}
		if now := contents(t, s.state)[lockFile]; now != owner {
			t.Errorf("the lock now names %q", now)
		}
	}
	c.stop()
	before = contents(t, s.state)
	if code, log := validate(t, s); code != 0 {
		t.Errorf("exit code %d:\n%s", code, log)
	}
	unchanged(t, s.state, before)
	if now := contents(t, s.state)[lockFile]; now != before[lockFile] {
		t.Errorf("the lock now names %q", now)
	}
}

func TestValidateNamesTheKey(t *testing.T) {
	t.Parallel()
	for key, processor := range map[string]string{
		"`export.interval`":        "    export: {interval: 1ns}",
		"`export.histogram`":       "    export: {histogram: linear}",
		"`export.buckets`":         "    export: {histogram: explicit, buckets: [1, 0.5]}",
		"`endpoints.dimensions`":   "    endpoints: {dimensions: [tenant.id, tenant.id]}",
		"`providers.dimensions`":   "    providers: {dimensions: ['']}",
		"`persistence.directory`":  "    persistence: {enabled: true}",
		"`persistence.durability`": "    persistence: {durability: sometimes}",
		"`persistence.interval`":   "    persistence: {interval: -1s}",
		"dimentions":               "    endpoints: {dimentions: [tenant.id]}", // refused before any value is looked at
	} {
		s := setup{processor: processor, pipelines: "    traces: {receivers: [nop], processors: [usage], exporters: [nop]}"}
		code, log := validate(t, s)
		if code <= 0 || !strings.Contains(log, key) {
			t.Errorf("%s: exit code %d, want a message that has %s:\n%s", strings.TrimSpace(processor), code, key, tail(log))
		}
		if log := fails(t, s); !strings.Contains(log, key) {
			t.Errorf("%s: a start says nothing about %s:\n%s", strings.TrimSpace(processor), key, tail(log))
		}
	}
}
