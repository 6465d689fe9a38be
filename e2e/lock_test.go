package e2e

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Writing to disk is opt-in.
func TestDisabledLeavesNoFile_A_F1_A_R9(t *testing.T) {
	t.Parallel()
	for name, processor := range map[string]string{
		"no block": "    export: {interval: 50ms}" + unpriced,
		"disabled": "    export: {interval: 50ms}\n    persistence: {enabled: false, directory: state, interval: 50ms}" + unpriced,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := newSink(t)
			c := start(t, setup{sinks: []*sink{out}, processor: processor})
			empty(t, c.work, "after the start")
			want := sendAll(t, &generator{}, clients(t, c), 2, 5)
			reaches(t, "totals", want, out.totals)
			empty(t, c.work, "while metering")
			c.stop()
			empty(t, c.work, "after the end")
			equal(t, "totals", out.totals(), want)
		})
	}
}

// One directory has one writer: the second refuses and says who the first is.
func TestSecondCollectorRefuses(t *testing.T) {
	t.Parallel()
	out := newSink(t)
	s := setup{state: filepath.Join(t.TempDir(), "state"), export: 50 * time.Millisecond, sinks: []*sink{out}}
	first := start(t, s)
	var g generator
	want := sendAll(t, &g, clients(t, first), 2, 5)
	before := contents(t, s.state)

	second := s
	second.sinks = nil
	log := fails(t, second)
	for _, text := range []string{s.state, "process " + strconv.Itoa(first.cmd.Process.Pid), "`usage`"} {
		if !strings.Contains(log, text) {
			t.Errorf("the second says nothing about %q:\n%s", text, tail(log))
		}
	}
	if owner := contents(t, s.state)[lockFile]; owner != before[lockFile] {
		t.Errorf("the lock now names %q", owner)
	}

	for name, n := range sendAll(t, &g, clients(t, first), 2, 5) {
		want[name] += n
	}
	reaches(t, "totals of the first", want, out.totals)
	first.stop()
	third := start(t, s)
	equal(t, "totals of the next owner", out.refresh(), want)
	third.stop()
}
