package extract

import (
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Logs reads the usage in a batch of log records that arrived now.
func (x *Extractor) Logs(ld plog.Logs, now time.Time) *Reading {
	r := x.reading(usage.Logs, now)
	for _, rl := range ld.ResourceLogs().All() {
		r.enterResource(rl.Resource().Attributes())
		for _, sl := range rl.ScopeLogs().All() {
			r.enterScope(sl.Scope())
			for _, l := range sl.LogRecords().All() {
				r.logRecord(l)
				r.ownLog(rl, sl, l)
			}
		}
	}
	r.finish()
	return r
}

// logRecord meters a log record that one of the dialects knows.
func (r *Reading) logRecord(l plog.LogRecord) {
	e := r.eventOf(l)
	switch {
	case e == nil || e.Role == dialect.Ignored:
		r.skip(usage.UnmeteredUnrecognized)
	case e.Role == dialect.Aggregate:
		r.skip(usage.SkippedAggregate)
	case e.Role == dialect.Nested:
		r.skip(usage.SkippedNested)
	case e.Role == dialect.Endpoint:
		r.servedLine(l, e)
	case e.Role == dialect.SessionStart || e.Role == dialect.SessionEnd:
		r.sessionEvent(l, e)
	default:
		r.inferredLine(l, e)
	}
}

// eventOf finds the rule for a log record, and loads its fields: by the name of
// its event, wherever that stands, else by what attributes it has.
func (r *Reading) eventOf(l plog.LogRecord) *dialect.Event {
	body := l.Body()
	for _, name := range [...]string{shortText(body), l.EventName(), textOf(l.Attributes(), "event.name")} {
		if name == "" {
			continue
		}
		for _, e := range r.x.program.Events(name) {
			if e.Matches(r.service, r.scopeName) && r.meets(l, e, true) {
				return e
			}
		}
	}
	lines := r.x.program.Events("")
	if len(lines) == 0 {
		return nil
	}
	r.loadLine(r.x.program.Lines, l)
	for _, e := range lines {
		if e.Matches(r.service, r.scopeName) && r.meets(l, e, false) {
			return e
		}
	}
	return nil
}

// loadLine reads a log record: some shippers leave the fields of a line in its
// body.
func (r *Reading) loadLine(t *dialect.Table, l plog.LogRecord) {
	r.values.load(t, l.Attributes())
	if body := l.Body(); body.Type() == pcommon.ValueTypeMap {
		r.values.add(t, body.Map())
	}
}

// meets says whether a record is what a rule is about.
func (r *Reading) meets(l plog.LogRecord, e *dialect.Event, load bool) bool {
	if !holds(e.Where, l.Attributes()) && (l.Body().Type() != pcommon.ValueTypeMap || !holds(e.Where, l.Body().Map())) {
		return false
	}
	if load {
		r.loadLine(e.Fields, l)
	}
	for _, f := range e.Require {
		if !r.values.has(f) {
			return false
		}
	}
	return true
}

// holds says whether attributes are what a rule wants.
func holds(c dialect.Conditions, attrs pcommon.Map) bool {
	return len(c) == 0 || c.Each(func(attribute string, values []string) bool {
		return slices.Contains(values, textOf(attrs, attribute))
	})
}

// maxEventName is how long names of events are at most. Bodies are mostly
// messages: it does not pay to look for those.
const maxEventName = 64

func shortText(v pcommon.Value) string {
	if v.Type() != pcommon.ValueTypeStr || len(v.Str()) > maxEventName {
		return ""
	}
	return v.Str()
}

func textOf(m pcommon.Map, name string) string {
	v, ok := m.Get(name)
	if !ok {
		return ""
	}
	if v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return v.AsString()
}

// readAsSpan makes the span that a log record stands for: it was written when the
// call had ended.
func (r *Reading) readAsSpan(l plog.LogRecord, kind ptrace.SpanKind) ptrace.Span {
	s := r.line
	end := l.Timestamp()
	if end == 0 {
		end = l.ObservedTimestamp()
	}
	s.SetKind(kind)
	s.SetEndTimestamp(end)
	return s
}

// lineRecord makes the record of a log record whose identity is written.
func (r *Reading) lineRecord(s ptrace.Span, e *dialect.Event, sd side, source int32) usage.Record {
	outcome := r.outcome(s.Status(), sd)
	if outcome == usage.Success && e.HasOutcome {
		outcome = e.Outcome
	}
	rec := usage.Record{Outcome: outcome}
	if duration, ok := r.values.scaled(dialect.Duration); ok {
		rec.Duration, rec.Bucket = duration, r.x.layout.Bucket(duration)
	} else {
		rec.Bucket = usage.NoBucket
	}
	rec.Group, _ = r.Batch.Group(r.key.Bytes(), r.hour(s.EndTimestamp()), source)
	rec.RequestBytes, rec.ResponseBytes = r.sizes()
	return rec
}

// servedLine meters a line of an access log.
func (r *Reading) servedLine(l plog.LogRecord, e *dialect.Event) {
	if !r.x.endpoints.enabled {
		r.skip(usage.UnmeteredDisabled)
		return
	}
	r.status = r.httpStatus()
	s := r.readAsSpan(l, ptrace.SpanKindServer)
	protocol := r.protocol(s)
	if protocol == usage.Unknown || protocol == ofMessaging {
		protocol = r.overHTTP()
	}
	r.endpointKey(s, protocol)
	source := r.source(usage.Endpoint, channel{family: e.Family, signal: usage.Logs, alternative: e.Rank})
	rec := r.lineRecord(s, e, served, source)
	n := r.Batch.Add(rec, r.logKey(l, e))
	r.touch(n, usage.Endpoint, &rec, s.EndTimestamp())
}

// inferredLine meters a log record of a call to a model.
func (r *Reading) inferredLine(l plog.LogRecord, e *dialect.Event) {
	if !r.x.providers.enabled {
		r.skip(usage.UnmeteredDisabled)
		return
	}
	r.status = r.httpStatus()
	s := r.readAsSpan(l, ptrace.SpanKindClient)
	c := r.inferenceCall(e.Rules)
	source := r.inferenceSource(channel{family: e.Family, signal: usage.Logs, alternative: e.Rank}, &c)
	rec := r.lineRecord(s, e, consumed, source)
	rec.Inference = r.Batch.AddInference(c)
	n := r.Batch.Add(rec, r.logKey(l, e))
	r.touch(n, usage.Provider, &rec, s.EndTimestamp())
	r.inferences = append(r.inferences, inferred{relative: relative{record: int32(n)}, alias: r.alias(), tokens: total(&c), weak: total(&c) == 0 && c.Cost == 0})
}
