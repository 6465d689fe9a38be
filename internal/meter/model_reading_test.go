package meter

import (
	"fmt"
	"strings"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelReading is what there is to count in a batch of spans, by rules that are
// written down a second time here, as plainly as possible.
type modelReading struct {
	// records are in the order of the spans.
	records []modelRecord
	// fingerprint is the key of all records that have none of their own, if
	// there are any and a time is among them.
	fingerprint string
}

// modelRecord is what there is to count in one span.
type modelRecord struct {
	span    *modelSpan
	verdict usage.Verdict // Counted unless the batch says otherwise
	key     string        // what makes it the same record when it is sent again
	series  string
	added   modelSeries
	claim   string // service and provider of a call to a model
	shadow  string // the claim that makes it the transport of such calls
}

// read reads spans in the order in which they are sent.
func (c *modelConfig) read(spans []*modelSpan) (r modelReading) {
	var unkeyed []string
	timed := false
	for _, s := range spans {
		record := modelRecord{span: s, verdict: c.verdict(s)}
		if record.verdict == usage.Counted {
			record.describe(c.dimensions)
			if s.id == 0 {
				unkeyed = append(unkeyed, record.series+s.values())
				timed = timed || s.end > 0
			} else {
				record.key = fmt.Sprint(s.number)
			}
		}
		r.records = append(r.records, record)
	}
	if timed {
		r.fingerprint = strings.Join(unkeyed, "\n")
	}
	r.nest()
	return r
}

// verdict is what becomes of a span whatever else is in its batch.
func (c *modelConfig) verdict(s *modelSpan) usage.Verdict {
	switch {
	case s.class == servesRequest:
		return usage.Counted
	case s.class == worksInside:
		return usage.UnmeteredInternal
	case !c.providers:
		return usage.UnmeteredDisabled
	case s.class == runsAgent:
		return usage.SkippedAggregate
	case s.class == callsNobody:
		return usage.UnmeteredUnidentified
	default:
		return usage.Counted
	}
}

// values tell spans without IDs apart.
func (s *modelSpan) values() string {
	return fmt.Sprint(s.start, s.end, s.status, s.bytes, s.tokens)
}

// describe says which series a record belongs to and what it adds to it.
func (r *modelRecord) describe(dimensions []string) {
	s := r.span
	claim := s.service + " openai"
	switch s.class {
	case servesRequest:
		r.series = seriesName(usage.Endpoint, dimensions, s.service, "http", "GET /"+s.name)
	case callsModel:
		r.series = seriesName(usage.Provider, dimensions, s.service, "openai", "gen_ai", s.name, "chat")
		r.claim = claim
	case carriesCall:
		r.series = seriesName(usage.Provider, dimensions, s.service, "openai", "http", "", "POST")
		r.shadow = claim
	case callsDatabase:
		r.series = seriesName(usage.Provider, dimensions, s.service, "postgresql", "db", "", "SELECT "+s.name)
	}
	if len(dimensions) > 0 {
		r.series += "|" + s.tenant
	}
	a := &r.added
	a.Requests[s.outcome()]++
	a.Duration, a.RequestBytes, a.Tokens = s.end-s.start, s.bytes, s.tokens
	a.durations = 1
	if s.firstToken > 0 {
		a.TimeToFirstToken, a.firstTokens = int64(s.firstToken*float64(time.Second)), 1
	}
}

// String is for reading what has happened.
func (r modelRecord) String() string {
	if r.span == nil {
		return r.verdict.Reason()
	}
	return fmt.Sprintf("%d/%d/%s%s", r.span.number, r.span.id, r.verdict.Result(), r.verdict.Reason())
}

func seriesName(kind usage.Kind, dimensions []string, values ...string) string {
	return kind.String() + " " + strings.Join(dimensions, ",") + "|" + strings.Join(values, "|")
}

func (s *modelSpan) outcome() usage.Outcome {
	return map[int]usage.Outcome{404: usage.ClientError, 429: usage.Throttled, 500: usage.Error}[s.status]
}

// nest finds the records that repeat another one of the batch: of requests the
// inner one, of calls to a model the outer one.
func (r *modelReading) nest() {
	for i := range r.records {
		for j := range r.records {
			outer, inner := &r.records[i], &r.records[j]
			if !outer.span.isParentOf(inner.span) || outer.series == "" || inner.series == "" {
				continue
			}
			if outer.span.class == servesRequest {
				inner.verdict = usage.SkippedNested
			} else {
				outer.verdict = usage.SkippedNested
			}
		}
	}
}

func (s *modelSpan) isParentOf(o *modelSpan) bool {
	return s.class == o.class && (s.class == servesRequest || s.class == callsModel) &&
		s.trace == o.trace && o.parent > 0 && s.id == o.parent
}
