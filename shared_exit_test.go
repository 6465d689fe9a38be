package usageprocessor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
)

// points are exported numbers by series.
type points map[string]point

type point struct {
	start pcommon.Timestamp
	value float64
}

// served is how many requests were exported for an endpoint.
func (p points) served(route string) int {
	n := 0.0
	for key, point := range p {
		if strings.HasPrefix(key, "usage.endpoint.requests{") && strings.Contains(key, "usage.endpoint=GET "+route+",") {
			n += point.value
		}
	}
	return int(n)
}

// requests is how many requests were exported, of all endpoints.
func (p points) requests() int {
	n := 0.0
	for key, point := range p {
		if strings.HasPrefix(key, "usage.endpoint.requests{") {
			n += point.value
		}
	}
	return int(n)
}

// add notes the points of an export; it returns what cannot be: a value below
// the one before it, or a point that is older than the start of its series.
func (p points) add(md pmetric.Metrics) (wrong []string) {
	for _, rm := range md.ResourceMetrics().All() {
		writer, _ := rm.Resource().Attributes().Get("service.instance.id")
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				eachPoint(m, func(attrs pcommon.Map, start, at pcommon.Timestamp, value float64) {
					key, now := m.Name()+identity(attrs)+writer.Str(), point{start, value}
					if before, ok := p[key]; ok && before.start == now.start && before.value > now.value {
						wrong = append(wrong, fmt.Sprintf("%s fell from %v to %v", key, before.value, now.value))
					}
					if at <= start {
						wrong = append(wrong, fmt.Sprintf("%s of %d starts at %d", key, at, start))
					}
					p[key] = now
				})
			}
		}
	}
	return wrong
}

// eachPoint calls f with the sums of a metric and the counts of a histogram.
func eachPoint(m pmetric.Metric, f func(attrs pcommon.Map, start, at pcommon.Timestamp, value float64)) {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		for _, p := range m.Sum().DataPoints().All() {
			f(p.Attributes(), p.StartTimestamp(), p.Timestamp(), float64(p.IntValue())+p.DoubleValue())
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			f(p.Attributes(), p.StartTimestamp(), p.Timestamp(), float64(p.Count()))
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			f(p.Attributes(), p.StartTimestamp(), p.Timestamp(), float64(p.Count()))
		}
	}
}

// identity are the attributes that tell series apart; the long ones of the load
// test do not.
func identity(attrs pcommon.Map) string {
	attrs.RemoveIf(func(name string, _ pcommon.Value) bool { return strings.HasPrefix(name, "load.") })
	raw := attrs.AsRaw()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		fmt.Fprintf(&b, "%s=%v,", name, raw[name])
	}
	return "{" + b.String() + "}"
}

// exit is a metrics instance and the consumer behind it, which fails the test
// when it is called outside the instance's Start to Shutdown or sees a counter
// fall, or a point before its start.
type exit struct {
	processor.Metrics
	t *testing.T
	// handle, if set, handles the exports instead of accepting them.
	handle func(ctx context.Context) error

	mu      sync.Mutex // guards everything below
	running bool
	calls   int
	latest  points
}

func newExit(r *rig) *exit {
	r.t.Helper()
	x := &exit{t: r.t, latest: points{}}
	x.Metrics = r.metrics(guard{x})
	return x
}

// guard is the consumer side of an exit.
type guard struct{ *exit }

func (guard) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (g guard) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	g.note(md)
	if g.handle == nil {
		return nil
	}
	return g.handle(ctx)
}

func (x *exit) note(md pmetric.Metrics) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.calls++
	if !x.running {
		x.t.Errorf("an exit's consumer was called outside its Start to Shutdown")
	}
	if wrong := x.latest.add(md); len(wrong) > 0 {
		x.t.Errorf("%d impossible points, the first: %s", len(wrong), wrong[0])
	}
}

func (x *exit) setRunning(running bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.running = running
}

func (x *exit) start() {
	x.t.Helper()
	x.setRunning(true)
	if err := x.Start(x.t.Context(), componenttest.NewNopHost()); err != nil {
		x.t.Fatalf("start of an exit: %v", err)
	}
}

func (x *exit) stop() {
	x.t.Helper()
	if err := x.Shutdown(x.t.Context()); err != nil {
		x.t.Errorf("shutdown of an exit: %v", err)
	}
	x.setRunning(false)
}

// seen is what was exported last, by series.
func (x *exit) seen() points {
	x.mu.Lock()
	defer x.mu.Unlock()
	return maps.Clone(x.latest)
}

func (x *exit) callCount() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.calls
}
