package meter

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelBackend is behind one exit, over all processes, and knows what it got.
type modelBackend struct {
	run  *modelRun
	name string
	err  error // what it answers
	lost bool  // what is sent does not even arrive

	exit  *Exit  // of the process that runs; nil: still to come
	taken uint64 // newest commit in a whole export of that exit

	at         int64 // of the newest export, Unix ns
	writer     string
	cumulative map[string]modelPoint // by metric, identity and part
	modelDeltas
}

type modelPoint struct {
	value     uint64
	start, at int64 // Unix ns
}

func newModelBackend(run *modelRun, name string) *modelBackend {
	return &modelBackend{run: run, name: name, cumulative: map[string]modelPoint{}, modelDeltas: newModelDeltas()}
}

func (*modelBackend) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// export sends usage to a backend that fails now and then.
func (r *modelRun) export() {
	healthy := r.healthy()
	b := pick(r.rng, r.backends...)
	if b.exit == nil || b.exit.gone {
		return
	}
	b.err, b.lost = nil, false
	if r.chance(20) {
		b.err, b.lost = errors.New("the backend is away"), r.chance(50)
	}
	r.tell("  to %s, which answers %v, lost %t", b.name, b.err, b.lost)
	err := r.meter.outbox.deliver(context.Background(), b.exit, r.chance(50))
	r.noteEnds()
	r.noteCut()
	if err == nil && !r.config.delta {
		b.taken = r.model.live.seq
	}
	switch {
	case r.disk.dead():
	case err == nil:
		r.saw("exported")
	case b.err == nil:
		require.False(r.t, healthy, "not exported: %v", err)
		r.saw("export held back")
	}
}

// startExits lets the exits of all backends run. They export when the test says.
func (r *modelRun) startExits() {
	r.meter.outbox.expect(len(r.backends))
	for _, b := range r.backends {
		if b.exit = nil; r.chance(90) {
			r.startExit(b)
		}
	}
}

// ConsumeMetrics looks at an export at the moment at which it becomes visible.
func (b *modelBackend) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	r := b.run
	r.noteEnds()
	r.noteCut()
	if b.lost || r.disk.dead() {
		return b.err
	}
	// What is visible is durable [I3]: looking at a crash right now proves it.
	r.model.sync(r.model.live.seq)
	if r.chance(10) {
		r.look(r.memory.Crash(r.rng), r.model.synced)
	}
	writer, _ := md.ResourceMetrics().At(0).Resource().Attributes().Get("service.instance.id")
	if b.writer != "" {
		require.Equal(r.t, b.writer, writer.Str(), "another writer")
	}
	b.writer = writer.Str()
	if isDelta(md) {
		b.takeWindow(md)
	} else {
		b.takeCumulative(md)
	}
	return b.err
}

// takeCumulative compares an export with the model, point by point, and with what
// was exported before: nothing falls, and nothing begins anew in the past [I4].
func (b *modelBackend) takeCumulative(md pmetric.Metrics) {
	r := b.run
	found, at := flatten(md)
	require.Greater(r.t, at, b.at, "an export is not later than the one before it")
	for name, point := range found {
		before, ok := b.cumulative[name]
		switch {
		case !ok:
		case before.start == point.start:
			if point.value < before.value && !isActive(name) {
				require.Fail(r.t, "a counter fell", name)
			}
		default:
			require.Greater(r.t, point.start, before.at, "%s begins anew before its last export", name)
		}
		b.cumulative[name] = point
	}
	b.at, r.exportedAt = at, max(r.exportedAt, at)
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
				put(m, p.Attributes(), p.StartTimestamp(), p.Timestamp(), wholeOf(p))
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

// wholeOf is the value of a point, in billionths if it is a fraction.
func wholeOf(p pmetric.NumberDataPoint) uint64 {
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return uint64(p.IntValue())
	}
	return uint64(math.Round(p.DoubleValue() * float64(time.Second)))
}

func pointName(attrs pcommon.Map) string {
	var b []byte
	for name, value := range attrs.All() {
		b = append(append(append(append(b, ' '), name...), '='), value.AsString()...)
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
		if kind == usage.Sessions.String() {
			series.exported(identity, points)
			continue
		}
		prefix := "usage." + kind + "."
		for i, n := range series.Requests {
			put(prefix+"requests"+identity+" usage.outcome="+usage.Outcome(i).String(), uint64(n), series.start)
		}
		for i, n := range series.Tokens {
			put(prefix+"tokens"+identity+" usage.token.type="+usage.TokenType(i).String(), uint64(n), series.start)
		}
		put(prefix+"request.size"+identity, uint64(series.RequestBytes), series.start)
		put(prefix+"cost"+identity+" usage.cost.source=reported", uint64(series.CostReported), series.start)
		put(prefix+"cost"+identity+" usage.cost.source=priced", uint64(series.CostPriced), series.start)
		put(prefix+"requests.unpriced"+identity, uint64(series.Unpriced), series.start)
		put(prefix+"duration"+identity, series.durations, 0)
		put(prefix+"time_to_first_token"+identity, series.firstTokens, 0)
	}
	return points
}

// attributesOf turns the model's name of a series into what a point says of it.
func attributesOf(name string) (kind, identity string) {
	head, values, _ := strings.Cut(name, "|")
	kind, extra, _ := strings.Cut(head, " ")
	if isOverflow(name) {
		return kind, " " + usage.AttrOverflow + "=true"
	}
	names := usage.BaseNames(usage.Endpoint)
	switch {
	case kind == usage.Provider.String():
		names = usage.BaseNames(usage.Provider)
	case strings.HasPrefix(values, usage.Endpoint.String()+"|"):
		names = usage.OwnerNames(usage.Endpoint)
	case kind == usage.Sessions.String():
		names = usage.OwnerNames(usage.Provider)
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

// exported adds what an export has of the sessions of an owner.
func (s modelSeries) exported(identity string, points map[string]modelPoint) {
	points["usage.sessions.active"+identity] = modelPoint{value: uint64(s.Active()), start: s.start}
	points["usage.sessions.opened"+identity] = modelPoint{value: uint64(s.Opened), start: s.start}
	for i, n := range s.Closed {
		if n > 0 {
			points["usage.sessions.closed"+identity+" usage.session.close_reason="+usage.CloseReason(i).String()] = modelPoint{value: uint64(n), start: s.start}
		}
	}
	if s.durations > 0 {
		points["usage.session.duration"+identity] = modelPoint{value: s.durations}
	}
}

// isActive says whether a point goes up and down.
func isActive(name string) bool { return strings.HasPrefix(name, "usage.sessions.active ") }
