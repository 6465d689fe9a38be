package e2e

import (
	"maps"
	"sync"
	"testing"
	"time"
)

// sendAll lets every client send batches of all calls at once, and returns what
// they have to add up to.
func sendAll(t *testing.T, g *generator, clients []client, batches, spans int) tally {
	t.Helper()
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			for range batches {
				if err := c.send(t.Context(), g.batch(service, spans, calls()...)); err != nil {
					t.Errorf("a batch was not acknowledged: %v", err)
				}
			}
		})
	}
	wg.Wait()
	want := tally{}
	for _, c := range calls() {
		want.add(&c, int64(len(clients)*batches*spans))
	}
	return want
}

// reaches waits until a way out shows the totals; they may never be beyond.
func reaches(t *testing.T, what string, want tally, read func() tally) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !maps.Equal(read(), want) && time.Now().Before(deadline) {
		time.Sleep(poll)
	}
	equal(t, what, read(), want)
}

func TestTotalsAreExact_A_F12_X_8_D_R8(t *testing.T) {
	t.Parallel()
	for _, histogram := range []string{"exponential", "explicit"} {
		t.Run(histogram, func(t *testing.T) {
			t.Parallel()
			out := newSink(t)
			s := setup{state: t.TempDir(), export: 100 * time.Millisecond, flush: 100 * time.Millisecond, histogram: histogram, sinks: []*sink{out}}
			c := start(t, s)
			many := append(clients(t, c), clients(t, c)...)
			want := sendAll(t, &generator{}, many, 20, 10)

			reaches(t, "OTLP", want, out.totals)
			reaches(t, "Prometheus page", want, func() tally { return page(t, c) })
			c.stop()
			equal(t, "OTLP, after the last export", out.totals(), want)
			out.oneWriterAndStart()
			if warnings := c.warnings(); len(warnings) > 0 {
				t.Errorf("warnings: %q", warnings)
			}
		})
	}
}

// A backend that is down misses exports, not usage.
func TestBackendIsDown_X_7(t *testing.T) {
	t.Parallel()
	out := newSink(t)
	s := setup{state: t.TempDir(), export: 50 * time.Millisecond, flush: 50 * time.Millisecond, sinks: []*sink{out}}
	c := start(t, s)
	var g generator
	want := sendAll(t, &g, clients(t, c), 2, 5)
	reaches(t, "before", want, out.totals)
	before := out.starts()

	out.refuse(true)
	_, refused := out.counts()
	more := sendAll(t, &g, clients(t, c), 20, 5)
	until(t, "refused exports", func() bool {
		_, now := out.counts()
		return now >= refused+5
	})
	equal(t, "while it is down", out.totals(), want)
	out.refuse(false)
	for name, n := range more {
		want[name] += n
	}
	reaches(t, "after", want, out.totals)
	c.stop()
	equal(t, "after the last export", out.totals(), want)
	out.oneWriterAndStart()
	for name, starts := range before {
		if out.starts()[name][0] != starts[0] {
			t.Errorf("%s has another start time than before", name)
		}
	}
}
