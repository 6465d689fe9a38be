package meter

import (
	"context"
	"errors"
	"strings"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelExports is what a backend has got, over all processes.
type modelExports struct {
	at     int64 // of the newest export, Unix ns
	writer string
	points map[string]modelPoint // by metric, identity and start
}

type modelPoint struct {
	value     uint64
	start, at int64 // Unix ns
}

func newModelExports() modelExports { return modelExports{points: map[string]modelPoint{}} }

// modelExit is the next consumer of exports.
type modelExit struct {
	run  *modelRun
	err  error // what it answers
	lost bool  // what is sent does not even arrive
}

func (*modelExit) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeMetrics looks at an export at the moment at which it becomes visible.
func (x *modelExit) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	r := x.run
	if x.lost || r.disk.dead() {
		return x.err
	}
	// What is visible is durable [I3]: looking at a crash right now proves it.
	r.model.sync(r.model.live.seq)
	if r.chance(10) {
		r.look(r.memory.Crash(r.rng), r.model.synced)
	}
	r.exports.take(r, md)
	return x.err
}

// export sends usage to an exit that fails now and then.
func (r *modelRun) export() {
	healthy := r.healthy()
	exit := &modelExit{run: r}
	if r.chance(20) {
		exit.err, exit.lost = errors.New("the backend is away"), r.chance(50)
	}
	err := r.meter.export(context.Background(), exit)
	switch {
	case r.disk.dead():
	case err == nil:
		r.saw("exported")
	case exit.err == nil:
		require.False(r.t, healthy, "not exported: %v", err)
		r.saw("export held back")
	}
}

// take compares an export with the model, point by point, and with what was
// exported before: nothing falls, and nothing begins anew in the past [I4].
func (e *modelExports) take(r *modelRun, md pmetric.Metrics) {
	rm := md.ResourceMetrics().At(0)
	writer, _ := rm.Resource().Attributes().Get("service.instance.id")
	if e.writer != "" {
		require.Equal(r.t, e.writer, writer.Str(), "another writer")
	}
	e.writer = writer.Str()
	found, at := flatten(md)
	require.Greater(r.t, at, e.at, "an export is not later than the one before it")
	for name, point := range found {
		before, ok := e.points[name]
		switch {
		case !ok:
		case before.start == point.start:
			if point.value < before.value {
				require.Fail(r.t, "a counter fell", name)
			}
		default:
			require.Greater(r.t, point.start, before.at, "%s begins anew before its last export", name)
		}
		e.points[name] = point
	}
	e.at = at
	for name, want := range exported(r.model.live) {
		got := found[name]
		got.at = 0
		if want.start == 0 { // a histogram, whose layout may be younger than the series
			got.start = 0
		}
		same(r.t, want, got, name)
		delete(found, name)
	}
	require.Empty(r.t, found, "nobody counted that")
}

// flatten returns the points of an export by name, and their time.
func flatten(md pmetric.Metrics) (points map[string]modelPoint, at int64) {
	points = map[string]modelPoint{}
	put := func(m pmetric.Metric, attrs pcommon.Map, start, end pcommon.Timestamp, value uint64) {
		points[m.Name()+pointName(attrs)] = modelPoint{value: value, start: int64(start), at: int64(end)}
		at = int64(end)
	}
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		switch m.Type() {
		case pmetric.MetricTypeSum:
			for _, p := range m.Sum().DataPoints().All() {
				put(m, p.Attributes(), p.StartTimestamp(), p.Timestamp(), uint64(p.IntValue()))
			}
		case pmetric.MetricTypeHistogram:
			for _, p := range m.Histogram().DataPoints().All() {
				put(m, p.Attributes(), p.StartTimestamp(), p.Timestamp(), p.Count())
			}
		case pmetric.MetricTypeExponentialHistogram:
			for _, p := range m.ExponentialHistogram().DataPoints().All() {
				put(m, p.Attributes(), p.StartTimestamp(), p.Timestamp(), p.Count())
			}
		}
	}
	return points, at
}

func pointName(attrs pcommon.Map) string {
	var b []byte
	for name, value := range attrs.All() {
		b = append(append(append(append(b, ' '), name...), '='), value.Str()...)
	}
	return string(b)
}

// exported is what an export of a state has. Histograms have no start here.
func exported(s modelState) map[string]modelPoint {
	points := map[string]modelPoint{}
	put := func(name string, n uint64, start int64) {
		if n > 0 {
			points[name] = modelPoint{value: n, start: start}
		}
	}
	for name, series := range s.series {
		kind, identity := attributesOf(name)
		prefix := "usage." + kind + "."
		for i, n := range series.Requests {
			put(prefix+"requests"+identity+" usage.outcome="+usage.Outcome(i).String(), uint64(n), series.start)
		}
		for i, n := range series.Tokens {
			put(prefix+"tokens"+identity+" usage.token.type="+usage.TokenType(i).String(), uint64(n), series.start)
		}
		put(prefix+"request.size"+identity, uint64(series.RequestBytes), series.start)
		put(prefix+"duration"+identity, series.durations, 0)
		put(prefix+"time_to_first_token"+identity, series.firstTokens, 0)
	}
	return points
}

// attributesOf turns the model's name of a series into what a point says of it.
func attributesOf(name string) (kind, identity string) {
	head, values, _ := strings.Cut(name, "|")
	kind, extra, _ := strings.Cut(head, " ")
	names := usage.BaseNames(usage.Endpoint)
	if kind == usage.Provider.String() {
		names = usage.BaseNames(usage.Provider)
	}
	if extra != "" {
		names = append(names, strings.Split(extra, ",")...)
	}
	for i, value := range strings.Split(values, "|") {
		if value != "" {
			identity += " " + names[i] + "=" + value
		}
	}
	return kind, identity
}
