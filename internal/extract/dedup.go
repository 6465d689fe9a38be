package extract

import (
	"encoding/binary"

	"github.com/dchest/siphash"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/rule"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Secret keys the hashes of dedup keys, so that telemetry cannot be crafted to
// collide, and of dimensions. It is kept with the state: both outlive the process.
type Secret [16]byte

func (s Secret) halves() sipKey {
	return sipKey{binary.LittleEndian.Uint64(s[:8]), binary.LittleEndian.Uint64(s[8:])}
}

// sipKey is the key of a SipHash-2-4.
type sipKey struct{ k0, k1 uint64 }

func (k sipKey) sum(p []byte) uint64 { return siphash.Hash(k.k0, k.k1, p) }

// derive returns the key for one service: its name is hashed once a resource
// instead of once a record.
func (k sipKey) derive(name string, buf []byte) (sipKey, []byte) {
	buf = append(buf[:0], name...)
	k0, k1 := siphash.Hash128(k.k0, k.k1, buf)
	return sipKey{k0, k1}, buf
}

// spanKeyBytes is trace ID, span ID, start, end and kind.
const spanKeyBytes = 16 + 8 + 8 + 8 + 1

// spanKey is the dedup key of a span: what a sender repeats when it sends the
// span again, whatever batch it is in. Times guard against IDs that are used
// twice. A span without IDs has none; its values go into the fingerprint of the
// batch.
func (r *Reading) spanKey(s ptrace.Span, rec *usage.Record) uint64 {
	if !r.x.dedup.Enabled {
		return 0
	}
	trace, span := s.TraceID(), s.SpanID()
	if trace.IsEmpty() || span.IsEmpty() {
		r.fingerprint(s, rec)
		return 0
	}
	var p [spanKeyBytes]byte
	copy(p[:], trace[:])
	copy(p[16:], span[:])
	binary.LittleEndian.PutUint64(p[24:], uint64(s.StartTimestamp()))
	binary.LittleEndian.PutUint64(p[32:], uint64(s.EndTimestamp()))
	p[40] = byte(s.Kind())
	return present(r.hash.sum(p[:]))
}

// present keeps a hash apart from "none".
func present(hash uint64) uint64 { return max(hash, 1) }

// unkeyed gathers the records of a batch that have no key of their own. They
// share one, so that a batch that is sent again as it was counts once.
type unkeyed struct {
	values []byte
	// timed says that a time is among the values. Without any, two batches that
	// look alike may well be two batches.
	timed bool
}

// fingerprint adds what was extracted from a span, whose identity is in r.key.
// The next process has to come to the same.
func (r *Reading) fingerprint(s ptrace.Span, rec *usage.Record) {
	u := &r.unkeyed
	u.timed = u.timed || s.StartTimestamp() > 0 || s.EndTimestamp() > 0
	u.values = append(u.values, byte(s.Kind()))
	u.values = binary.AppendUvarint(u.values, uint64(len(r.key.Values())))
	u.values = append(u.values, r.key.Values()...)
	u.values = binary.LittleEndian.AppendUint64(u.values, uint64(s.StartTimestamp()))
	u.values = binary.LittleEndian.AppendUint64(u.values, uint64(s.EndTimestamp()))
	u.values = append(u.values, byte(rec.Outcome))
	u.values = binary.AppendUvarint(u.values, uint64(rec.RequestBytes))
	u.values = binary.AppendUvarint(u.values, uint64(rec.ResponseBytes))
	for _, n := range r.Batch.TokensOf(rec) {
		u.values = binary.AppendUvarint(u.values, uint64(n))
	}
}

// fingerprintHit adds what a meter of the user's own has of a span that has no key.
// The identity of its series is in r.key.
func (r *Reading) fingerprintHit(record int, n rule.Number) {
	if !r.x.dedup.Enabled || r.Batch.Marks.Keys[record] != 0 {
		return
	}
	u := &r.unkeyed
	u.values = binary.AppendUvarint(append(u.values, hashedHit), uint64(len(r.key.Values())))
	u.values = append(u.values, r.key.Values()...)
	u.values = binary.AppendUvarint(u.values, uint64(n.Whole))
	u.values = binary.AppendUvarint(u.values, uint64(n.Parts))
}

// shareKey gives the records without a key the one they share.
func (r *Reading) shareKey() {
	if r.unkeyed.timed {
		r.Batch.Marks.Share(present(r.x.secret.sum(r.unkeyed.values)))
	}
	r.unkeyed = unkeyed{values: r.unkeyed.values[:0]}
}

// logKey is the dedup key of a log record: an ID that its writer gave it, else
// what a sender repeats when it sends the record again. Where that has neither an
// ID nor a time, two records that look alike may well be two.
func (r *Reading) logKey(l plog.LogRecord, e *dialect.Event) uint64 {
	if !r.x.dedup.Enabled {
		return 0
	}
	for _, name := range r.x.dedup.LogAttributes {
		if id := stated(fieldOf(l, name)); id != "" {
			// A line of an access log may bear the ID of the call behind it.
			r.claim = append(append(append(r.claim[:0], hashedLogID, byte(e.Role)), e.Family.Name...), 0)
			r.claim = append(append(r.claim, name...), 0)
			r.claim = append(r.claim, id...)
			return present(r.hash.sum(r.claim))
		}
	}
	trace, span := l.TraceID(), l.SpanID()
	if l.Timestamp() == 0 && l.ObservedTimestamp() == 0 && (trace.IsEmpty() || span.IsEmpty()) {
		return 0
	}
	content := r.contentHash(l)
	p := append(append(append(r.claim[:0], hashedLog), trace[:]...), span[:]...)
	p = binary.LittleEndian.AppendUint64(p, uint64(l.Timestamp()))
	// Of lines with times in seconds, this tells those apart that are alike.
	p = binary.LittleEndian.AppendUint64(p, uint64(l.ObservedTimestamp()))
	r.claim = binary.LittleEndian.AppendUint64(p, content)
	return present(r.hash.sum(r.claim))
}

// fieldOf is an attribute of a log record, or of the line in its body.
func fieldOf(l plog.LogRecord, name string) string {
	if v := textOf(l.Attributes(), name); v != "" || l.Body().Type() != pcommon.ValueTypeMap {
		return v
	}
	return textOf(l.Body().Map(), name)
}
