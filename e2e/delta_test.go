package e2e

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// deltaSink is a sink that adds up windows. It fails its test when two windows
// of a series overlap or leave a gap, when one is given up before it was taken,
// and when one that comes again is not what it was, byte by byte.
type deltaSink struct {
	*sink
	// Guarded by mu.
	random *rand.Rand
	rough  bool // refuses at random, and loses answers
	newest map[string]window
	again  int // windows that came again
	sums   tally
}

// window is the newest one of a series, by everything that was sent with it.
type window struct {
	point
	body  [sha256.Size]byte
	taken bool
}

func newDeltaSink(t *testing.T, random *rand.Rand) *deltaSink {
	t.Helper()
	d := &deltaSink{sink: newSink(t), random: fork(random), rough: true, newest: map[string]window{}, sums: tally{}}
	d.receive = d.receiveWindows
	return d
}

func (d *deltaSink) receiveWindows(body []byte, md pmetric.Metrics) verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests++
	v := taken
	if d.rough {
		v = []verdict{refused, takenMutely, taken}[min(d.random.IntN(6), 2)]
	}
	sum := sha256.Sum256(body)
	for _, p := range pointsOf(md, pmetric.AggregationTemporalityDelta) {
		d.writers[p.writer] = true
		before, known := d.newest[p.series]
		w := window{point: p, body: sum, taken: before.taken}
		if again := known && p.time == before.time; again {
			d.again++
			d.checkAgain(w, before)
		} else {
			d.checkNext(w, before, known)
			w.taken = false
		}
		if v != refused && !w.taken {
			w.taken = true
			d.sums[p.series] += p.value
		}
		d.newest[p.series] = w
	}
	return v
}

// checkAgain compares a window with itself as it came before; mu is held.
func (d *deltaSink) checkAgain(w, before window) {
	if w.body != before.body || w.point != before.point {
		d.t.Errorf("%s: the window from %d to %d was %d and came again as %d from %d, or with other bytes", w.series, before.start, before.time, before.value, w.value, w.start)
	}
}

// checkNext compares a window with the one before it; mu is held.
func (d *deltaSink) checkNext(w, before window, known bool) {
	if known && w.start != before.time {
		d.t.Errorf("%s: a window from %d follows one that ends at %d", w.series, w.start, before.time)
	}
	if known && !before.taken {
		d.t.Errorf("%s: the window from %d to %d was refused and given up", w.series, before.start, before.time)
	}
	if w.start >= w.time || w.value <= 0 {
		d.t.Errorf("%s: a window from %d to %d of %d", w.series, w.start, w.time, w.value)
	}
}

// totals are what the windows taken so far add up to.
func (d *deltaSink) totals() tally {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.sums)
}

// calm takes everything from now on. It fails the test if nothing came twice.
func (d *deltaSink) calm() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rough = false
	d.t.Logf("%d exports, %d points came again", d.requests, d.again)
	if d.again == 0 {
		d.t.Error("no window came again: this has shown nothing")
	}
}

// Windows are exact however often the collector dies, and whatever becomes of
// them on the way to each exit's backend.
func TestDeltaWindowsAreExact_I4(t *testing.T) {
	t.Parallel()
	for _, exits := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d exits", exits), func(t *testing.T) {
			t.Parallel()
			random := chance(t)
			outs, s := deltaSetup(t, random, exits)
			v := newVictim(t, random, s)
			for n := range kills(t, 2*len(moments)) {
				v.kill(n)
				v.billing.waitForAcks(1)
				for _, out := range outs {
					v.survived(out.totals(), nil)
				}
			}
			for _, out := range outs {
				out.calm()
			}
			v.network.repeated()
			want := v.finish(func() tally { return behind(outs) })
			v.restart()
			time.Sleep(10 * v.setup.export)
			v.c.stop()
			for _, out := range outs {
				equal(t, "after a clean restart", out.totals(), want)
				out.oneWriterAndStart()
			}
		})
	}
}

// deltaSetup has sinks that each are behind an exit of their own, and no
// Prometheus page, which would add up what comes again.
func deltaSetup(t *testing.T, random *rand.Rand, exits int) (outs []*deltaSink, s setup) {
	t.Helper()
	s = setup{state: t.TempDir(), temporality: "delta"}
	s.pipelines = "    traces: {receivers: [otlp], processors: [usage], exporters: [nop]}\n"
	for n := range exits {
		outs = append(outs, newDeltaSink(t, random))
		s.sinks = append(s.sinks, outs[n].sink)
		s.pipelines += fmt.Sprintf("    metrics/%[1]d: {receivers: [nop], processors: [usage], exporters: [otlp_http/%[1]d]}\n", n)
	}
	return outs, s
}

// behind is what the sink has that has least.
func behind(outs []*deltaSink) tally {
	least := outs[0].totals()
	for _, out := range outs[1:] {
		if totals := out.totals(); total(totals) < total(least) {
			least = totals
		}
	}
	return least
}
