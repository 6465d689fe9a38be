package usageprocessor

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// newest keeps the newest export. Its consumer can be made to fail.
type newest struct {
	mu     sync.Mutex // guards everything below
	points points
	failed error
}

func (*newest) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (n *newest) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.failed == nil {
		n.points = points{}
		n.points.add(md)
	}
	return n.failed
}

// forget forgets the newest export, and makes the next ones fail or not.
func (n *newest) forget(failed error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.points, n.failed = points{}, failed
}

// of are the points of the newest export that are about a route, by metric.
func (n *newest) of(route string) map[string]pcommon.Timestamp {
	n.mu.Lock()
	defer n.mu.Unlock()
	found := map[string]pcommon.Timestamp{}
	for key, p := range n.points {
		if strings.Contains(key, "usage.endpoint=GET "+route+",") {
			metric, _, _ := strings.Cut(key, "{")
			found[metric] = p.start
		}
	}
	return found
}

func tenMinutes(c *Config) {
	onlyHTTP(c)
	c.Retention, c.Export.Interval = 10*time.Minute, time.Second
}

// B-F8, B-F9, B-R6: a series is exported until it was idle for `retention`, then all
// of its points go at once; when it comes back it has a new start.
func TestIdleSeriesLeaveTheExport_B_F8_B_F9_B_R6(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, dir := range []string{"", t.TempDir()} {
			r := newRig(t, "retention", tenMinutes)
			if dir != "" {
				keptIn(dir, durabilityWrite)(r.config)
			}
			in, last := r.startTraces(), &newest{}
			out := r.metrics(last)
			r.start(out)
			var ids spanIDs
			send := func(route string) { require.NoError(t, in.ConsumeTraces(t.Context(), ids.served(route, 3))) }
			send("/a")
			send("/b")
			pass(9 * time.Minute)
			send("/b")
			pass(59 * time.Second)
			before := last.of("/a")
			assert.Len(t, before, 2, "requests and duration, at 9m59s")
			pass(2 * time.Second)
			assert.Empty(t, last.of("/a"), "at 10m01s")
			assert.Len(t, last.of("/b"), 2, "a request put it off")
			send("/a")
			pass(time.Second)
			again := last.of("/a")
			assert.Len(t, again, 2)
			for metric, start := range again {
				assert.Greater(t, start, before[metric], "a counter that begins anew says so")
			}
			assert.Equal(t, int64(12), r.ledger()["traces counted"])
			r.shutdown(in, out)
		}
	})
}

// What an exit could not pass on stays until it could.
func TestSeriesStayUntilExported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "retention", tenMinutes)
		in, last := r.startTraces(), &newest{failed: errors.New("backend is down")}
		out := r.metrics(last)
		r.start(out)
		var ids spanIDs
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 1)))
		pass(time.Hour)
		last.forget(nil)
		pass(time.Second)
		assert.Len(t, last.of("/a"), 2, "an hour later the backend is back")
		pass(2 * time.Second)
		last.forget(nil)
		pass(2 * time.Second)
		assert.Empty(t, last.of("/a"), "then it may go")
		r.shutdown(in, out)
	})
}

// Over a restart ages go on: what was idle meanwhile ends.
func TestRetentionGoesOnOverRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var ids spanIDs
		run := func(do func(in func(route string), last *newest)) {
			r := newRig(t, "retention", tenMinutes, keptIn(dir, durabilityWrite))
			in, last := r.startTraces(), &newest{}
			out := r.metrics(last)
			r.start(out)
			do(func(route string) { require.NoError(t, in.ConsumeTraces(t.Context(), ids.served(route, 1))) }, last)
			r.shutdown(in, out)
		}
		run(func(send func(string), last *newest) {
			send("/old")
			pass(7 * time.Minute)
			send("/new")
			pass(time.Second)
			assert.Len(t, last.of("/old"), 2)
		})
		pass(4 * time.Minute)
		run(func(_ func(string), last *newest) {
			pass(2 * time.Second)
			assert.Empty(t, last.of("/old"))
			assert.Len(t, last.of("/new"), 2)
		})
	})
}
