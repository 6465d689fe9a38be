package rule

import (
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottldatapoint"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Record is what rules are asked about: a [Span], a [Log] or a [Point]. Close lets
// go of what the rules needed; until then all of them share it.
type Record interface {
	Attributes() pcommon.Map
	Close()
}

// Span is a span where it stands.
type Span struct {
	Resource ptrace.ResourceSpans
	Scope    ptrace.ScopeSpans
	Span     ptrace.Span

	context *ottlspan.TransformContext // nil until a rule needs it
}

// Attributes are those of the span.
func (s *Span) Attributes() pcommon.Map { return s.Span.Attributes() }

func (s *Span) transform() *ottlspan.TransformContext {
	if s.context == nil {
		s.context = ottlspan.NewTransformContextPtr(s.Resource, s.Scope, s.Span)
	}
	return s.context
}

// Close gives back what rules needed of the span.
func (s *Span) Close() {
	if s.context != nil {
		s.context.Close()
		s.context = nil
	}
}

// Log is a log record where it stands.
type Log struct {
	Resource plog.ResourceLogs
	Scope    plog.ScopeLogs
	Record   plog.LogRecord

	context *ottllog.TransformContext
}

// Attributes are those of the log record.
func (l *Log) Attributes() pcommon.Map { return l.Record.Attributes() }

func (l *Log) transform() *ottllog.TransformContext {
	if l.context == nil {
		l.context = ottllog.NewTransformContextPtr(l.Resource, l.Scope, l.Record)
	}
	return l.context
}

// Close gives back what rules needed of the log record.
func (l *Log) Close() {
	if l.context != nil {
		l.context.Close()
		l.context = nil
	}
}

// Point is a data point where it stands. Of the points, the one of the metric's
// type is set.
type Point struct {
	Resource    pmetric.ResourceMetrics
	Scope       pmetric.ScopeMetrics
	Metric      pmetric.Metric
	Number      pmetric.NumberDataPoint
	Histogram   pmetric.HistogramDataPoint
	Exponential pmetric.ExponentialHistogramDataPoint
	Summary     pmetric.SummaryDataPoint

	context *ottldatapoint.TransformContext
}

// Attributes are those of the data point.
func (p *Point) Attributes() pcommon.Map {
	switch p.Metric.Type() {
	case pmetric.MetricTypeHistogram:
		return p.Histogram.Attributes()
	case pmetric.MetricTypeExponentialHistogram:
		return p.Exponential.Attributes()
	case pmetric.MetricTypeSummary:
		return p.Summary.Attributes()
	default:
		return p.Number.Attributes()
	}
}

func (p *Point) transform() *ottldatapoint.TransformContext {
	if p.context == nil {
		p.context = ottldatapoint.NewTransformContextPtr(p.Resource, p.Scope, p.Metric, p.point())
	}
	return p.context
}

func (p *Point) point() any {
	switch p.Metric.Type() {
	case pmetric.MetricTypeHistogram:
		return p.Histogram
	case pmetric.MetricTypeExponentialHistogram:
		return p.Exponential
	case pmetric.MetricTypeSummary:
		return p.Summary
	default:
		return p.Number
	}
}

// Close gives back what rules needed of the data point.
func (p *Point) Close() {
	if p.context != nil {
		p.context.Close()
		p.context = nil
	}
}
