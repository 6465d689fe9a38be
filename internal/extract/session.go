package extract

import (
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Records that belong to a session touch that of whoever they are about: of their
// endpoint, or of their provider. An ID is never part of an identity.

// attrSession is the only name of a session that scopes and resources have.
const attrSession = "session.id"

// ownerSchemas are those of whoever has sessions.
type ownerSchemas [2]*usage.Schema

func newOwnerSchemas(schemas *usage.Schemas) (owners ownerSchemas) {
	for kind := range owners {
		owners[kind] = schemas.Intern(usage.Sessions, usage.OwnerNames(usage.Kind(kind)))
	}
	return owners
}

// readsSessions says whether sessions go by their conventional name.
func readsSessions(p *dialect.Program) bool {
	for place := p.Base.First(attrSession); p.Base.At(place) != nil; place++ {
		if e := p.Base.At(place); e.Name == attrSession && e.Field == dialect.SessionID && e.Roles == nil {
			return true
		}
	}
	return false
}

// sessionKeys are what touches are made of.
type sessionKeys struct {
	id    usage.KeyBuilder // of one value, which is the ID
	owner []byte
}

// sessionValue is the session of a resource, or of a scope, if there is one.
type sessionValue struct {
	scalar
	ok bool
}

// sessionIn looks for a session in the attributes of a resource or a scope. One that
// is blank is none.
func (r *Reading) sessionIn(attrs pcommon.Map, otherwise sessionValue) sessionValue {
	if !r.x.sessions {
		return otherwise
	}
	if v, ok := attrs.Get(attrSession); ok && !(&scalar{value: v}).blank() {
		return sessionValue{scalar{value: v}, true}
	}
	return otherwise
}

// touch notes that a record, whose identity is in r.key, belongs to a session.
func (r *Reading) touch(record int, kind usage.Kind, rec *usage.Record, end pcommon.Timestamp) {
	if !r.hasSession() || !r.readSession() {
		return
	}
	activity := usage.Succeeded
	if rec.Outcome != usage.Success {
		activity = usage.Failed
	}
	r.owner = usage.AppendOwner(r.owner[:0], r.key.Bytes(), kind, r.x.owners[kind])
	r.Batch.Touch(record, r.owner, r.id.Last(), r.touched(activity, end, rec.Duration))
}

func (r *Reading) hasSession() bool { return r.session.ok || r.values.has(dialect.SessionID) }

// readSession writes the ID of the record's session, bounded as values of
// identities are, and says whether there is one.
func (r *Reading) readSession() bool {
	of, name := r.session.scalar, attrSession
	if value, ok := r.values.get(dialect.SessionID); ok {
		of, name = value, r.values.entry(dialect.SessionID).Name
	}
	r.id.Reset(r.x.owners[usage.Endpoint]) // of any schema: only the value matters
	r.id.Open()
	switch {
	case of.isText():
		r.id.Write(of.stated())
	case of.value.Type() == pcommon.ValueTypeInt:
		r.id.WriteWith(func(dst []byte) []byte { return strconv.AppendInt(dst, of.value.Int(), 10) })
	default:
		r.values.spoil(name)
	}
	r.id.Close()
	return len(r.id.Last()) > 0
}

// maxSkew is how far from its arrival an activity may have ended. Beyond it some
// clock is wrong, and a session must not last for years because of that.
const maxSkew = int64(7 * 24 * time.Hour)

// touched is an activity that took a time and ended at one.
func (r *Reading) touched(activity usage.Activity, end pcommon.Timestamp, duration int64) usage.Touch {
	last := int64(end)
	if last > r.hours.now || last < r.hours.now-maxSkew {
		last = r.hours.now
	}
	return usage.Touch{Activity: activity, First: max(0, last-duration), Last: last}
}

// sessionEvent meters the event that a session begins, or ends. It is no request.
func (r *Reading) sessionEvent(l plog.LogRecord, e *dialect.Event) {
	if !r.hasSession() || !r.readSession() {
		r.skip(usage.UnmeteredUnrecognized)
		return
	}
	s := r.readAsSpan(l, ptrace.SpanKindServer)
	owner, metered := r.ownerOfEvent(s, e)
	if !metered {
		r.skip(usage.UnmeteredDisabled)
		return
	}
	activity := usage.Started
	if e.Role == dialect.SessionEnd {
		activity = usage.Ended
	}
	n := r.Batch.Add(usage.Record{Group: usage.NoGroup, Bucket: usage.NoBucket}, r.logKey(l, e))
	r.Batch.Touch(n, owner, r.id.Last(), r.touched(activity, s.EndTimestamp(), 0))
}

// ownerOfEvent returns the key of whose session it is that an event is about. The
// end of a session is its end for all who have it, unless it says whose: a path says
// only where it was heard of last.
func (r *Reading) ownerOfEvent(s ptrace.Span, e *dialect.Event) (key []byte, metered bool) {
	v := &r.values
	switch {
	case v.text(dialect.GenAIProvider) != "" || e.Provider != "":
		r.beginOwner(usage.Provider)
		r.lower(r.inferenceProvider("", e.Provider))
		r.closeName()
		return r.key.Bytes(), r.x.providers.enabled
	case e.Role == dialect.SessionEnd && !v.has(dialect.HTTPRoute):
		return nil, r.x.endpoints.enabled || r.x.providers.enabled
	default:
		r.beginOwner(usage.Endpoint)
		r.key.Value(r.service)
		r.key.Open()
		r.eventEndpoint(s)
		r.closeName()
		return r.key.Bytes(), r.x.endpoints.enabled
	}
}

// beginOwner begins the key of an owner; that of a provider is left open.
func (r *Reading) beginOwner(kind usage.Kind) {
	r.key.Reset(r.x.owners[kind])
	r.key.Value(kind.String())
	if kind == usage.Provider {
		r.key.Open()
	}
}

// eventEndpoint writes what an event says of the endpoint that it belongs to.
func (r *Reading) eventEndpoint(s ptrace.Span) {
	v := &r.values
	r.status = 0
	switch path := firstOf(v.text(dialect.URLPath), pathOf(v.text(dialect.URLFull))); {
	case v.has(dialect.HTTPMethod):
		r.httpEndpoint(s)
	case v.has(dialect.HTTPRoute):
		r.key.Write(v.text(dialect.HTTPRoute))
	case path != "":
		r.path(path)
	}
}
