package e2e

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// chance is a seeded source of moments. USAGE_SEED repeats a run's choices.
func chance(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("USAGE_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("USAGE_SEED: %v", err)
		}
		seed = n
	}
	t.Logf("USAGE_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}

// In `write`, nothing acknowledged is lost when the process dies, and nothing
// was ever exported that is not there afterwards: the sink sees to that.
func TestKilledInWrite_A_U1(t *testing.T) {
	t.Parallel()
	random, out := chance(t), newSink(t)
	s := setup{state: t.TempDir(), flush: 40 * time.Millisecond, export: 30 * time.Millisecond, sinks: []*sink{out}}
	stored := tally{}
	var g generator
	for range 8 {
		c := start(t, s)
		l := startLoad(t, &g, stored, c)
		l.waitForAcks(1)
		time.Sleep(between(random, 0, 400*time.Millisecond))
		c.kill()
		l.stop()
		stored = recovered(t, s, out)
		l.check("after kill -9", stored, l.acked(time.Now()))
		t.Logf("killed with %d spans in doubt, %d of them counted", l.doubt(l.sent), l.doubt(stored))
	}
	out.oneWriterAndStart()
}

// Durable before visible: what was exported is there after any crash, even if
// nothing but exports makes it durable. A counter that fell would show.
func TestKilledWhileExporting_I3(t *testing.T) {
	t.Parallel()
	random, out := chance(t), newSink(t)
	s := setup{state: t.TempDir(), durability: "interval", export: 10 * time.Millisecond, sinks: []*sink{out}}
	stored := tally{}
	var g generator
	for range 5 {
		c := start(t, s)
		l := startLoad(t, &g, stored, c)
		l.waitForAcks(5)
		out.refresh()
		time.Sleep(between(random, 0, 100*time.Millisecond))
		c.kill()
		l.stop()
		exported := only(out.totals(), l.sent)
		stored = recovered(t, s, out)
		l.check("after kill -9", stored, exported)
		for name, n := range exported {
			if n == l.acks[name][0].total {
				t.Errorf("%s: nothing was exported before the kill", name)
			}
		}
	}
	out.oneWriterAndStart()
}

// In `interval`, at most one interval is lost.
func TestKilledInInterval_A_U1(t *testing.T) {
	t.Parallel()
	random, out := chance(t), newSink(t)
	const interval = 500 * time.Millisecond
	// The machine may be busy: a flush begins late, and takes its time.
	const slack = 500 * time.Millisecond
	s := setup{state: t.TempDir(), durability: "interval", flush: interval, sinks: []*sink{out}}
	stored := tally{}
	var g generator
	for range 3 {
		c := start(t, s)
		l := startLoad(t, &g, stored, c)
		l.waitForAcks(1)
		time.Sleep(between(random, interval+2*slack, 2*interval+2*slack))
		killed := time.Now()
		c.kill()
		l.stop()
		stored = recovered(t, s, out)
		safe := l.acked(killed.Add(-interval - slack))
		l.check("after kill -9", stored, safe)
		for name, n := range safe {
			if n == l.acks[name][0].total {
				t.Errorf("%s: nothing was acknowledged more than an interval ago", name)
			}
		}
	}
	out.oneWriterAndStart()
}

// Recovery can be killed at any moment and begins anew: what is stored stays.
func TestKilledWhileStarting_I8(t *testing.T) {
	t.Parallel()
	random, out := chance(t), newSink(t)
	s := setup{state: t.TempDir(), sinks: []*sink{out}}
	c := start(t, s)
	want := sendAll(t, &generator{}, clients(t, c), 5, 5)
	c.kill()
	for range 12 {
		c := launch(t, "--config="+s.write(t, freePorts(t)))
		time.Sleep(between(random, 10*time.Millisecond, 150*time.Millisecond))
		c.kill()
	}
	equal(t, "recovered", recovered(t, s, out), want)
	out.oneWriterAndStart()
	t.Logf("the snapshot is now %s", filepath.Base(stateFile(t, s.state, "snapshot")))
}
