package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// victim is a collector that is killed and started again on the same state,
// under the load of clients that give nothing up.
type victim struct {
	t       *testing.T
	random  *rand.Rand
	setup   setup
	c, last *collector // the processes of now and before
	network *network
	billing *billing
}

func newVictim(t *testing.T, random *rand.Rand, s setup) *victim {
	t.Helper()
	s.flush, s.export = 25*time.Millisecond, 20*time.Millisecond
	v := &victim{t: t, random: random, setup: s, network: newNetwork(t, random)}
	v.startOn(freePorts(t))
	v.billing = startBilling(t, random, v.network)
	v.billing.waitForAcks(1)
	return v
}

func (v *victim) startOn(p ports) {
	v.t.Helper()
	v.c = startOn(v.t, v.setup, p)
	now := v.c.ports
	v.network.ports.Store(&now)
}

// restart runs another process on the ports of the one before it.
func (v *victim) restart() {
	v.t.Helper()
	if v.last != nil {
		v.last.dull = true
	}
	v.last = v.c
	v.startOn(v.c.ports)
}

// pause waits for a random time.
func (v *victim) pause(atMost time.Duration) { time.Sleep(between(v.random, 0, atMost)) }

// moments are when a process is killed. Every start takes a snapshot.
var moments = []struct {
	when string
	kill func(v *victim)
}{
	{"under load", func(v *victim) {
		v.pause(300 * time.Millisecond)
		v.c.kill()
	}},
	{"while it exports", func(v *victim) {
		v.pause(100 * time.Millisecond)
		select {
		case <-v.setup.sinks[0].arrived:
		case <-time.After(time.Second): // backends may have refused too much
		}
		v.c.kill()
	}},
	{"while it stops", func(v *victim) {
		v.pause(100 * time.Millisecond)
		v.c.signal(syscall.SIGTERM)
		v.pause(60 * time.Millisecond)
		v.c.kill()
	}},
	{"while it starts", func(v *victim) {
		v.c.kill()
		next := launch(v.t, "--config="+v.setup.write(v.t, v.c.ports))
		v.pause(150 * time.Millisecond)
		next.kill()
	}},
	{"as soon as it serves", func(v *victim) {
		v.c.kill()
		v.restart()
		v.pause(30 * time.Millisecond)
		v.c.kill()
	}},
}

// kill kills the process of now at one of the moments, and starts the next one.
func (v *victim) kill(n int) {
	v.t.Helper()
	m := moments[n%len(moments)]
	v.t.Logf("kill %d, %s", n+1, m.when)
	m.kill(v)
	v.restart()
}

// finish settles everything and ends the collector, as its supervisor would.
func (v *victim) finish(read func() tally) (want tally) {
	v.t.Helper()
	want = v.billing.finish()
	reaches(v.t, "totals", want, read)
	v.c.stop()
	equal(v.t, "totals after the last export", read(), want)
	return want
}

// survived ends the test unless the totals after a kill have at least what was
// certain before it, and nothing that was never sent.
func (v *victim) survived(totals, certain tally) {
	v.t.Helper()
	_, sent := v.billing.soFar()
	for name, most := range sent {
		if totals[name] < certain[name] || totals[name] > most {
			v.t.Fatalf("after the kill: %s is %d, want %d to %d", name, totals[name], certain[name], most)
		}
	}
	if v.t.Failed() { // in the sink
		v.t.FailNow()
	}
}

// kills is how often a test kills its collector: USAGE_TORTURE_KILLS, or a few
// times if that is not set.
func kills(t *testing.T, few int) int {
	t.Helper()
	text := os.Getenv("USAGE_TORTURE_KILLS")
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("USAGE_TORTURE_KILLS: %v", err)
	}
	return n
}

// Whatever is killed, lost or sent again: every span is counted once.
func TestKilledAtRandom_X_10(t *testing.T) {
	t.Parallel()
	for _, durability := range []string{"write", "sync"} {
		t.Run(durability, func(t *testing.T) {
			t.Parallel()
			torture(t, setup{state: t.TempDir(), durability: durability}, kills(t, 10))
		})
	}
}

// A storage extension keeps the same promise.
func TestKilledAtRandomWithStorage(t *testing.T) {
	t.Parallel()
	torture(t, setup{state: t.TempDir(), durability: "sync", storage: true}, kills(t, 3))
}

func torture(t *testing.T, s setup, kills int) {
	t.Helper()
	out := newSink(t)
	s.sinks = []*sink{out}
	v := newVictim(t, chance(t), s)
	for n := range kills {
		acked, _ := v.billing.soFar()
		v.kill(n)
		v.survived(out.refresh(), acked)
	}
	v.network.repeated()
	want := v.finish(out.totals)
	equal(t, "after a clean restart", recovered(t, v.setup, out), want)
	out.oneWriterAndStart()
}
