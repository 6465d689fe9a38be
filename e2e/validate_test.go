package e2e

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// validate runs the command of that name to its end.
func validate(t *testing.T, s setup) (code int, log string) {
	t.Helper()
	c := launch(t, "validate", "--config="+s.write(t, freePorts(t)))
	code = c.wait()
	empty(t, c.work, "after validate")
	return code, c.log()
}

// validates expects success and nothing changed, not even the lock.
func validates(t *testing.T, when string, s setup) {
	t.Helper()
	before := contents(t, filepath.Dir(s.state))
	if code, log := validate(t, s); code != 0 {
		t.Errorf("%s: exit code %d:\n%s", when, code, log)
	}
	if after := contents(t, filepath.Dir(s.state)); !maps.Equal(before, after) {
		t.Errorf("%s: validate has changed something", when)
	}
}

func TestValidateHasNoSideEffects(t *testing.T) {
	t.Parallel()
	s := setup{state: filepath.Join(t.TempDir(), "state")}
	validates(t, "without a state", s)
	c := start(t, s)
	sendAll(t, &generator{}, clients(t, c), 1, 1)
	validates(t, "beside the owner", s)
	c.kill()
	validates(t, "after a crash", s)
	c = start(t, s)
	validates(t, "beside the next owner", s)
	c.stop()
	validates(t, "after the end", s)
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
		"buckets_of":               "    export: {buckets_of: [1]}", // unknown, refused before any value is looked at
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
