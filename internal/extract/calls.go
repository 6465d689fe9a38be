package extract

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// relateInference remembers a span of an inference call to find others of the
// same call: in this batch by IDs, in others by what the engine keeps.
func (r *Reading) relateInference(s ptrace.Span, record int, c *usage.Inference) {
	known := inferred{relative: r.relative(s, record), alias: r.alias(), tokens: total(c), weak: total(c) == 0 && c.Cost == 0}
	if trace := s.TraceID(); !trace.IsEmpty() {
		known.call = usage.Call{
			Self:     r.spanHash(trace, s.SpanID()),
			Parent:   r.spanHash(trace, s.ParentSpanID()),
			Twin:     r.twin(trace, c),
			Response: known.alias,
			Start:    int64(s.StartTimestamp()),
			End:      int64(s.EndTimestamp()),
		}
	}
	r.inferences = append(r.inferences, known)
}

// aliasCalls hands on what tells of the same calls as records of other batches
// and signals. It comes after all records: their order is that of their keys.
func (r *Reading) aliasCalls() {
	for i := range r.inferences {
		c := &r.inferences[i]
		if c.call != (usage.Call{}) {
			r.Batch.AddCall(int(c.record), c.call)
		}
		// One that has no tokens must not keep what has them from being counted.
		if c.alias != 0 && !c.weak {
			r.Batch.Marks.Also(int(c.record), c.alias)
		}
	}
}

// Kinds of what is hashed with the state's own secret.
const (
	hashedPair   = 0
	hashedSpan   = 's'
	hashedTwin   = 't'
	hashedID     = 'i'
	hashedLogID  = 'l'
	hashedLog    = 'r'
	hashedLine   = 'n'
	hashedHit    = 'h'
	hashedStream = 'm'
)

func (r *Reading) spanHash(trace pcommon.TraceID, span pcommon.SpanID) uint64 {
	if span.IsEmpty() {
		return 0
	}
	return present(r.content.mix(hashedSpan, r.content.traceHash(trace), binary.LittleEndian.Uint64(span[:])))
}

// twin is what a wrapper repeats of a call. Calls that generate nothing, such as
// embeddings of equal pieces, are alike without being the same.
func (r *Reading) twin(trace pcommon.TraceID, call *usage.Inference) uint64 {
	if call.Tokens[usage.Output] == 0 && call.Tokens[usage.Reasoning] == 0 {
		return 0
	}
	c := &r.content
	hash := c.mix(hashedTwin, c.traceHash(trace), xxhash.Sum64String(r.service))
	for _, n := range call.Tokens {
		hash = c.mix(hashedTwin, hash, uint64(n))
	}
	model := firstOf(r.values.text(dialect.RequestModel), r.values.text(dialect.ResponseModel))
	return present(c.mix(hashedTwin, hash, xxhash.Sum64String(model)))
}

// minResponseID is how long an ID has to be to be taken for one: some servers
// number their responses.
const minResponseID = 16

// alias is what the same call has in every signal and at every service that
// tells of it: the provider's own ID of the response.
func (r *Reading) alias() uint64 {
	id := stated(r.values.text(dialect.ResponseID))
	if len(id) < minResponseID || !r.x.dedup.Enabled {
		return 0
	}
	r.claim = append(append(r.claim[:0], hashedID), id...)
	return present(r.x.secret.sum(r.claim))
}

func total(c *usage.Inference) (n int64) {
	for _, t := range c.Tokens {
		n = usage.AddSaturating(n, t)
	}
	return n
}
