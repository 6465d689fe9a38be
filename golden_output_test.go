package usageprocessor

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// What the golden tests run in, and what usage metrics say they come from.
const (
	goldenCollector = "otelcol-golden"
	goldenVersion   = "1.2.3"
	goldenScope     = "github.com/otelusage/usageprocessor"
)

// exports reads usage metrics over all starts of a Collector and writes them as
// text: what a metric is, and below it a line for each data point.
//
//	writer 1
//	usage.endpoint.duration s cumulative exponential histogram
//	  service=shop protocol=http endpoint="GET /cart": count=3 sum=0.4 scale=3 <=0.105:2 <=0.21:1 @1s
//	usage.endpoint.requests {request} cumulative monotonic sum
//	  service=shop protocol=http endpoint="GET /cart" outcome=success: 3 @1s
//
// Attributes stand without `usage.`; those that never had it, which are
// configured dimensions, have a `+`. Buckets are called by their upper bounds,
// empty ones are left out. @ is when a series begins, counted from the start of
// the case; of a delta it is when its window begins and ends; gauges are of now. Writers are
// numbered as they appear.
type exports struct {
	zero    time.Time
	writers []string
	last    map[string]exported // by writer, metric and attributes
	deltas  int64               // requests in deltas so far
	// sessions is how many were opened and not closed, by writer and owner, as far as
	// deltas tell.
	sessions map[string]int64
}

// exported is a data point of any kind.
type exported struct {
	writer, metric, kind, attributes string
	start, at                        time.Duration // from the start of the case
	total                            int64         // the value of a sum, the count of a histogram
	text                             string
}

func (p *exported) delta() bool { return strings.Contains(p.kind, " delta ") }

func (p *exported) gauge() bool { return strings.HasSuffix(p.kind, " gauge") }

// mayFall says whether the point is of an UpDownCounter.
func (p *exported) mayFall() bool { return strings.HasSuffix(p.kind, " cumulative sum") }

// span is what a point is about.
func (p *exported) span() string {
	if p.gauge() {
		return "now"
	}
	if p.delta() {
		return fmt.Sprintf("@%s-%s", p.start, p.at)
	}
	return "@" + p.start.String()
}

func (e *exports) read(t *testing.T, all []pmetric.Metrics) (found []exported) {
	t.Helper()
	for _, md := range all {
		for _, rm := range md.ResourceMetrics().All() {
			writer := e.writer(t, rm.Resource().Attributes())
			for _, sm := range rm.ScopeMetrics().All() {
				require.Equal(t, []string{goldenScope, goldenVersion}, []string{sm.Scope().Name(), sm.Scope().Version()})
				for _, m := range sm.Metrics().All() {
					assert.NotEmpty(t, m.Description(), m.Name())
					for _, p := range e.points(m) {
						p.writer, p.metric = writer, m.Name()
						found = append(found, p)
					}
				}
			}
		}
	}
	return found
}

// writer returns a name for the writer in a resource, which is otherwise the
// Collector's own.
func (e *exports) writer(t *testing.T, resource pcommon.Map) string {
	t.Helper()
	id, _ := resource.Get("service.instance.id")
	require.Equal(t, map[string]any{"service.name": goldenCollector, "service.instance.id": id.AsString()}, resource.AsRaw())
	require.NotEqual(t, goldenCollector, id.AsString(), "the writer is not the Collector")
	n := slices.Index(e.writers, id.AsString())
	if n < 0 {
		n = len(e.writers)
		e.writers = append(e.writers, id.AsString())
	}
	return "writer " + strconv.Itoa(n+1)
}

func (e *exports) points(m pmetric.Metric) (found []exported) {
	add := func(kind string, attributes pcommon.Map, start, at pcommon.Timestamp, total int64, text string) {
		found = append(found, exported{
			kind: m.Unit() + " " + kind, attributes: attributesText(attributes), total: total, text: text,
			start: start.AsTime().Sub(e.zero), at: at.AsTime().Sub(e.zero),
		})
	}
	switch m.Type() {
	case pmetric.MetricTypeSum:
		kind := temporalityText(m.Sum().AggregationTemporality()) + " sum"
		if m.Sum().IsMonotonic() {
			kind = temporalityText(m.Sum().AggregationTemporality()) + " monotonic sum"
		}
		for _, p := range m.Sum().DataPoints().All() {
			add(kind, p.Attributes(), p.StartTimestamp(), p.Timestamp(), p.IntValue(), numberText(p))
		}
	case pmetric.MetricTypeGauge:
		for _, p := range m.Gauge().DataPoints().All() {
			add("gauge", p.Attributes(), p.Timestamp(), p.Timestamp(), 0, numberText(p))
		}
	case pmetric.MetricTypeHistogram:
		kind := temporalityText(m.Histogram().AggregationTemporality()) + " histogram"
		for _, p := range m.Histogram().DataPoints().All() {
			add(kind, p.Attributes(), p.StartTimestamp(), p.Timestamp(), int64(p.Count()), explicitText(p))
		}
	case pmetric.MetricTypeExponentialHistogram:
		kind := temporalityText(m.ExponentialHistogram().AggregationTemporality()) + " exponential histogram"
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			add(kind, p.Attributes(), p.StartTimestamp(), p.Timestamp(), int64(p.Count()), exponentialText(p))
		}
	}
	return found
}

func temporalityText(t pmetric.AggregationTemporality) string { return strings.ToLower(t.String()) }

func numberText(p pmetric.NumberDataPoint) string {
	if p.ValueType() != pmetric.NumberDataPointValueTypeInt {
		return fmt.Sprintf("double %v", p.DoubleValue())
	}
	return strconv.FormatInt(p.IntValue(), 10)
}

func explicitText(p pmetric.HistogramDataPoint) string {
	text := fmt.Sprintf("count=%d sum=%v bounds=%d", p.Count(), p.Sum(), p.ExplicitBounds().Len())
	for i, n := range p.BucketCounts().All() {
		bound := math.Inf(1)
		if i < p.ExplicitBounds().Len() {
			bound = p.ExplicitBounds().At(i)
		}
		text += bucketText(bound, n)
	}
	return text
}

func exponentialText(p pmetric.ExponentialHistogramDataPoint) string {
	text := fmt.Sprintf("count=%d sum=%v scale=%d", p.Count(), p.Sum(), p.Scale())
	text += bucketText(0, p.ZeroCount())
	base := math.Exp2(math.Exp2(-float64(p.Scale())))
	for i, n := range p.Positive().BucketCounts().All() {
		text += bucketText(math.Pow(base, float64(int(p.Positive().Offset())+i+1)), n)
	}
	return text
}

func bucketText(bound float64, n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" <=%.3g:%d", bound, n)
}

// attributesText writes attributes in the order in which they stand.
func attributesText(m pcommon.Map) string {
	words := make([]string, 0, m.Len())
	for name, value := range m.All() {
		short, ours := strings.CutPrefix(name, "usage.")
		if !ours {
			short = "+" + name
		}
		text := strconv.QuoteToASCII(value.AsString())
		if plain := strings.Trim(text, `"`); plain != "" && !strings.ContainsAny(plain, ` \=:,`) {
			text = plain
		}
		words = append(words, short+"="+text)
	}
	return strings.Join(words, " ")
}

// text writes what was exported at a time.
func (e *exports) text(t *testing.T, found []exported, at time.Time) string {
	t.Helper()
	var header string
	lines := map[string][]string{}
	for _, p := range found {
		// A window that was refused is sent as it was, and what is beside windows is of now.
		if !p.delta() && !p.gauge() {
			assert.Equal(t, at.Sub(e.zero), p.at, "%s: all points of an export have its time", p.metric)
		}
		header = p.writer
		title := p.metric + " " + p.kind
		lines[title] = append(lines[title], fmt.Sprintf("\n  %s: %s %s", p.attributes, p.text, p.span()))
	}
	for _, title := range slices.Sorted(maps.Keys(lines)) {
		slices.Sort(lines[title])
		header += "\n" + title + strings.Join(lines[title], "")
	}
	return header
}

// follow compares points with earlier ones of the same stream: with the same
// start a total never decreases, and another start is no earlier than the last
// export (X-7). Deltas begin where the one before ended.
func (e *exports) follow(t *testing.T, found []exported) {
	t.Helper()
	for _, p := range found {
		stream := p.writer + " " + p.metric + " " + p.kind + " " + p.attributes
		before, ok := e.last[stream]
		switch {
		case ok && p.delta():
			assert.Equal(t, before.at, p.start, "%s: windows touch", stream)
		case ok && p.start == before.start && p.mayFall():
		case ok && p.start == before.start:
			assert.GreaterOrEqual(t, p.total, before.total, stream)
		case ok:
			assert.GreaterOrEqual(t, p.start, before.at, "%s: a new start lies before what was exported", stream)
		}
		e.last[stream] = p
	}
	e.deltas += requests(found, true)
	e.followSessions(t, found)
}

// followSessions wants opened - closed = active, always.
func (e *exports) followSessions(t *testing.T, found []exported) {
	t.Helper()
	open, active := map[string]int64{}, map[string]int64{}
	for _, p := range found {
		owner, _, _ := strings.Cut(p.writer+" "+p.attributes, " session.close_reason=")
		sum := open
		if p.delta() {
			sum = e.sessions
		}
		switch p.metric {
		case "usage.sessions.opened":
			sum[owner] += p.total
		case "usage.sessions.closed":
			sum[owner] -= p.total
		case "usage.sessions.active":
			active[owner] = p.total
		}
	}
	for owner, n := range active {
		assert.Equal(t, n, open[owner]+e.sessions[owner], "%s: opened - closed = active", owner)
		assert.GreaterOrEqual(t, n, int64(0), owner)
	}
}

// requests is how many requests there are, over all series, in deltas or in
// cumulative points.
func requests(found []exported, delta bool) (n int64) {
	for _, p := range found {
		if p.delta() == delta && (p.metric == "usage.endpoint.requests" || p.metric == "usage.provider.requests") {
			n += p.total
		}
	}
	return n
}
