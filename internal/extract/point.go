package extract

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// dataPoint is what the kinds of data points have in common.
type dataPoint struct {
	attributes pcommon.Map
	start, at  pcommon.Timestamp
	flags      pmetric.DataPointFlags
	delta      bool
	// valued says whether the point has a value, or a sum of its observations.
	valued bool
	sum    float64
	// whole is the sum of a point that has an integer.
	whole    int64
	integral bool
	count    uint64 // of observations
	observed bool   // whether the point is of observations
	// buckets are the upper ends of where observations fell, and how many did.
	buckets []bucket
}

type bucket struct {
	upper float64
	count uint64
}

func (r *Reading) numberPoint(p pmetric.NumberDataPoint) {
	r.data = dataPoint{
		attributes: p.Attributes(), start: p.StartTimestamp(), at: p.Timestamp(), flags: p.Flags(),
		valued: p.ValueType() != pmetric.NumberDataPointValueTypeEmpty, sum: p.DoubleValue(), buckets: r.data.buckets[:0],
	}
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		r.data.sum, r.data.whole, r.data.integral = float64(p.IntValue()), p.IntValue(), true
	}
}

// explicitPoint takes observations beyond the last bound for that.
func (r *Reading) explicitPoint(p pmetric.HistogramDataPoint) {
	r.data = dataPoint{
		attributes: p.Attributes(), start: p.StartTimestamp(), at: p.Timestamp(), flags: p.Flags(),
		valued: p.HasSum() || p.Count() == 0, sum: p.Sum(), count: p.Count(), observed: true, buckets: r.data.buckets[:0],
	}
	bounds := p.ExplicitBounds()
	for i, n := range p.BucketCounts().All() {
		if bounds.Len() > 0 {
			r.data.fill(bounds.At(min(i, bounds.Len()-1)), n)
		}
	}
}

// exponentialPoint takes observations below zero for zero: they took no time.
func (r *Reading) exponentialPoint(p pmetric.ExponentialHistogramDataPoint) {
	r.data = dataPoint{
		attributes: p.Attributes(), start: p.StartTimestamp(), at: p.Timestamp(), flags: p.Flags(),
		valued: p.HasSum() || p.Count() == 0, sum: p.Sum(), count: p.Count(), observed: true, buckets: r.data.buckets[:0],
	}
	for _, n := range p.Negative().BucketCounts().All() {
		r.data.fill(0, n)
	}
	r.data.fill(0, p.ZeroCount())
	base, positive := math.Exp2(math.Exp2(-float64(p.Scale()))), p.Positive()
	for i, n := range positive.BucketCounts().All() {
		if n > 0 {
			r.data.fill(math.Pow(base, float64(positive.Offset())+float64(i)+1), n)
		}
	}
}

// fill notes how many observations fell below an upper end.
func (p *dataPoint) fill(upper float64, n uint64) {
	if n > 0 {
		p.buckets = append(p.buckets, bucket{upper, n})
	}
}

// level makes the mean of all observations of buckets that do not hold as many as
// there are.
func (p *dataPoint) level() {
	left, fits := p.count, true
	for _, b := range p.buckets {
		fits = fits && b.count <= left
		left -= b.count
	}
	if !fits || left > 0 || p.count > math.MaxInt64 {
		p.buckets = append(p.buckets[:0], bucket{p.sum / float64(p.count), p.count})
	}
}

// spread is how the observations of the point fall into our own buckets.
func (r *Reading) spread(nanos float64) []usage.BucketCount {
	first := len(r.spreads)
	for _, b := range r.data.buckets {
		count := int64(min(b.count, math.MaxInt64))
		at := r.x.layout.Bucket(int64(max(0, min(b.upper*nanos, math.MaxInt64/2))))
		if last := len(r.spreads) - 1; last >= first && r.spreads[last].Bucket == at {
			r.spreads[last].Count = usage.AddSaturating(r.spreads[last].Count, count)
			continue
		}
		r.spreads = append(r.spreads, usage.BucketCount{Bucket: at, Count: count})
	}
	return r.spreads[first:len(r.spreads):len(r.spreads)]
}

// point meters the data point that was read; unit is its metric's.
func (r *Reading) point(unit string) {
	rule := r.rule()
	if rule == nil {
		r.skip(usage.UnmeteredUnrecognized)
		return
	}
	r.values.load(rule.Fields, r.data.attributes)
	if verdict := r.verdictOf(rule); verdict != usage.Counted {
		r.skip(verdict)
		return
	}
	a, ok := r.amount(rule, unitOf(rule, unit))
	if !ok {
		if !isTime(rule.Measure) {
			r.values.spoil("value")
		}
		r.skip(usage.UnmeteredUnrecognized)
		return
	}
	r.status = r.httpStatus()
	group, provider := r.pointGroup(rule)
	rec := usage.Record{Group: group, Outcome: r.pointOutcome(rule)}
	r.price(rule, provider, &a)
	key := r.place(&a)
	rec.Amount = r.Batch.AddAmount(a)
	r.Batch.Add(rec, key)
}

// verdictOf says why a point is not metered; Counted if it is.
func (r *Reading) verdictOf(rule *dialect.Metric) usage.Verdict {
	enabled := r.x.providers.enabled
	if rule.Side == usage.Endpoint {
		enabled = r.x.endpoints.enabled
	}
	switch {
	case r.data.flags.NoRecordedValue():
		return usage.UnmeteredUnrecognized
	case !enabled:
		return usage.UnmeteredDisabled
	case rule.Measure == dialect.Tokens && rule.TokenKind(r.values.text(dialect.TokenType)) == dialect.NoTokens:
		return usage.SkippedAggregate
	default:
		return usage.Counted
	}
}

func (r *Reading) pointOutcome(rule *dialect.Metric) usage.Outcome {
	sd := consumed
	if rule.Side == usage.Endpoint {
		sd = served
	}
	outcome := r.outcome(r.line.Status(), sd)
	if outcome == usage.Success && rule.HasOutcome {
		return rule.Outcome
	}
	return outcome
}

// pointGroup writes the identity of a point and returns its group, and the
// provider of inference calls.
func (r *Reading) pointGroup(rule *dialect.Metric) (group int32, provider string) {
	s := r.line // has no name: points have none
	s.SetKind(0)
	family, transport := rule.Family, ""
	switch {
	case rule.Side == usage.Endpoint && rule.Of == ofHTTP:
		r.endpointKey(s, r.overHTTP())
	case rule.Side == usage.Endpoint:
		r.endpointKey(s, rule.Of)
	case rule.Of == usage.GenAI:
		family = r.inferenceFamily(family)
		provider = r.inferenceKey(rule.Rules)
	default:
		transport = r.providerKey(s, rule.Of)
	}
	source := r.source(rule.Side, channel{
		family: family, signal: usage.Metrics, facet: facetOf(rule.Measure), alternative: rule.Rank, writer: r.stream.resource,
	})
	group, added := r.Batch.Group(r.key.Bytes(), r.hour(r.data.at), source)
	if added && transport != "" {
		r.shadow(group, transport)
	}
	return group, provider
}

// facetOf is what of calls a measure tells: their number comes from histograms of
// their durations, or from counters.
func facetOf(m dialect.Measure) usage.Facet {
	switch m {
	case dialect.Durations, dialect.Requests:
		return usage.FacetCalls
	case dialect.Times:
		return usage.FacetTimes
	case dialect.FirstTokenTimes:
		return usage.FacetFirstTokens
	case dialect.Tokens:
		return usage.FacetTokens
	case dialect.Costs:
		return usage.FacetCosts
	case dialect.RequestSizes:
		return usage.FacetRequestBytes
	case dialect.ResponseSizes:
		return usage.FacetResponseBytes
	default:
		return usage.FacetAll
	}
}
