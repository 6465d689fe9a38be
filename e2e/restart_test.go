package e2e

import (
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestRestartContinues_A_F12_X_7(t *testing.T) {
	t.Parallel()
	for _, durability := range []string{"interval", "write"} {
		t.Run(durability, func(t *testing.T) {
			t.Parallel()
			out := newSink(t)
			s := setup{state: t.TempDir(), durability: durability, export: 50 * time.Millisecond, sinks: []*sink{out}}
			want := tally{}
			var g generator
			for range 3 {
				c := start(t, s)
				for name, n := range sendAll(t, &g, clients(t, c), 3, 5) {
					want[name] += n
				}
				reaches(t, "totals", want, out.totals)
				c.stop()
				equal(t, "totals after the last export", out.totals(), want)
			}
			writer := out.oneWriterAndStart()
			if _, err := uuid.Parse(writer); err != nil {
				t.Errorf("service.instance.id is %q: %v", writer, err)
			}
		})
	}
}

// What was acknowledged before the end is there after it, however much is under
// way.
func TestShutdownUnderLoad_A_R10_X_10(t *testing.T) {
	t.Parallel()
	for _, durability := range []string{"interval", "write"} {
		t.Run(durability, func(t *testing.T) {
			t.Parallel()
			out := newSink(t)
			s := setup{state: t.TempDir(), durability: durability, export: 50 * time.Millisecond, sinks: []*sink{out}}
			stored := tally{}
			var g generator
			for range 3 {
				c := start(t, s)
				l := startLoad(t, &g, stored, c)
				l.waitForAcks(10)
				c.stop()
				l.stop()
				stored = recovered(t, s, out)
				l.check("after SIGTERM", stored, l.acked(time.Now()))
			}
			out.oneWriterAndStart()
		})
	}
}

// recovered is what a collector that starts now finds in the state. It runs
// until it has exported that, and ends.
func recovered(t *testing.T, s setup, out *sink) tally {
	t.Helper()
	s.export = 50 * time.Millisecond
	c := start(t, s)
	totals := out.refresh()
	c.stop()
	return totals
}

// A reload shuts everything down and starts it anew in the same process.
func TestReloadUnderLoad_X_11(t *testing.T) {
	t.Parallel()
	out := newSink(t)
	s := setup{state: t.TempDir(), flush: 50 * time.Millisecond, export: 50 * time.Millisecond, sinks: []*sink{out}}
	c := start(t, s)
	l := startLoad(t, &generator{}, tally{}, c)
	for reload := range 10 {
		l.waitForAcks(10 * (reload + 1))
		c.signal(syscall.SIGHUP)
		until(t, "reloaded", func() bool { return c.logged(ready) == reload+2 || c.ended() })
	}
	l.waitForAcks(110)
	l.stop()
	// Reloads wait for what is inside: a batch without acknowledgement was refused.
	acked := l.acked(time.Now())
	totals := func() tally { return only(out.totals(), acked) }
	reaches(t, "acknowledged totals", acked, totals)
	c.stop()
	equal(t, "after the last export", totals(), acked)
	l.check("after ten reloads", acked, acked)
	out.oneWriterAndStart()
	if n := c.logged("in use by"); n > 0 {
		t.Errorf("a reload met its own lock:\n%s", tail(c.log()))
	}
}

// only are the series of all that are in some.
func only(all, some tally) tally {
	kept := tally{}
	for name := range some {
		kept[name] = all[name]
	}
	return kept
}
