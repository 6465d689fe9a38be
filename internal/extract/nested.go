package extract

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// One call can show as two spans of the same kind, one inside the other. Which
// of them counts is decided when the whole batch has been read.

// relatives is the part of a batch in which nested records are looked for.
type relatives struct {
	services   []string // of all resources of the batch
	servers    []relative
	inferences []inferred
	byID       map[spanID]int32 // to a service; reused
	aliases    map[uint64]int32 // to the call in inferences that has most tokens; reused
}

func newRelatives() relatives {
	return relatives{byID: map[spanID]int32{}, aliases: map[uint64]int32{}}
}

func (f *relatives) reset() {
	clear(f.services)
	f.services, f.servers, f.inferences = f.services[:0], f.servers[:0], f.inferences[:0]
}

// relative is what is remembered of a record to find its relatives.
type relative struct {
	id, parent spanID
	record     int32
	service    int32 // index in relatives.services
	inner      bool  // whether it may repeat its parent
}

// inferred is what is remembered of an inference call.
type inferred struct {
	relative
	call    usage.Call
	alias   uint64 // what the same call has in other signals; 0: nothing
	tokens  int64
	weak    bool // it says nothing of tokens or cost
	dropped bool
	// repeated says that it was dropped for another one with the same alias.
	repeated bool
}

// spanID identifies a span: IDs of spans alone may repeat in other traces.
type spanID struct {
	trace pcommon.TraceID
	span  pcommon.SpanID
}

func (r *Reading) relative(s ptrace.Span, record int) relative {
	return relative{
		id:      spanID{s.TraceID(), s.SpanID()},
		parent:  spanID{s.TraceID(), s.ParentSpanID()},
		record:  int32(record),
		service: int32(len(r.services) - 1),
		inner:   !s.ParentSpanID().IsEmpty(),
	}
}

// isRemote says whether a span's own flags place its parent in another process.
// SDKs set them since 2024; without them it may be in either.
func isRemote(s ptrace.Span) bool {
	const hasIsRemote, isRemote = 0x100, 0x200 // OTLP SpanFlags
	return s.Flags()&(hasIsRemote|isRemote) == hasIsRemote|isRemote
}

// isTransport says whether a server span is of a protocol that carries others: a
// framework's span may lie inside that of the server it runs in. GraphQL, MCP
// and functions lie inside HTTP too, but are endpoints of their own.
func isTransport(s ptrace.Span, protocol string) bool {
	return s.Kind() == ptrace.SpanKindServer && (protocol == ofHTTP || protocol == ofRPC)
}

// dropNested books the records that repeat another one of the batch. A record may
// stand in it twice, when a retry was merged with what it repeats: then whatever
// holds for one of them holds for the other.
func (r *Reading) dropNested() {
	// Of servers, the outer one has received the request. Only a parent that is
	// seen to be one counts: dropping a request that nobody counts is worse than
	// counting one twice.
	if holdsInner(r.servers) {
		clear(r.byID)
		for i := range r.servers {
			r.byID[r.servers[i].id] = r.servers[i].service
		}
		for i := range r.servers {
			child := &r.servers[i]
			service, ok := r.byID[child.parent]
			if ok && child.isInner() && r.services[service] == r.services[child.service] {
				r.Batch.Drop(int(child.record), usage.SkippedNested)
			}
		}
	}
	r.dropWrappers()
	r.dropRepeated()
}

// dropWrappers: of inferences, the inner one is of the provider's own SDK, which
// knows best; the outer one is a framework's. Where only the outer one has tokens,
// as around streams that nobody counts, it is the inner one that says nothing.
func (r *Reading) dropWrappers() {
	if !slices.ContainsFunc(r.inferences, func(x inferred) bool { return x.isInner() }) || len(r.inferences) < 2 {
		return
	}
	r.noteInner(func(x *inferred) bool { return !x.weak })
	for i := range r.inferences {
		if wrapper := &r.inferences[i]; r.hasInner(wrapper) {
			r.drop(wrapper)
		}
	}
	clear(r.byID)
	for i := range r.inferences {
		if x := &r.inferences[i]; !x.weak && !x.dropped {
			r.byID[x.id] = x.service
		}
	}
	for i := range r.inferences {
		x := &r.inferences[i]
		if _, ok := r.byID[x.parent]; ok && x.isInner() && x.weak && !x.dropped {
			r.drop(x)
		}
	}
	r.noteInner(func(x *inferred) bool { return x.weak && !x.dropped })
	for i := range r.inferences {
		if wrapper := &r.inferences[i]; wrapper.weak && !wrapper.dropped && r.hasInner(wrapper) {
			r.drop(wrapper)
		}
	}
}

// noteInner notes the parents of some calls.
func (r *Reading) noteInner(which func(*inferred) bool) {
	clear(r.byID)
	for i := range r.inferences {
		if x := &r.inferences[i]; x.isInner() && which(x) {
			r.byID[x.parent] = x.service
		}
	}
}

func (r *Reading) hasInner(x *inferred) bool {
	_, ok := r.byID[x.id]
	return ok
}

// dropRepeated: of records with one response ID, which some writers make for
// every part of a stream, the one with most tokens knows the end.
func (r *Reading) dropRepeated() {
	clear(r.aliases)
	for i := range r.inferences {
		c := &r.inferences[i]
		if c.alias == 0 || c.dropped {
			continue
		}
		best, ok := r.aliases[c.alias]
		switch {
		case !ok:
			r.aliases[c.alias] = int32(i)
		case r.inferences[best].tokens < c.tokens:
			r.repeated(&r.inferences[best])
			r.aliases[c.alias] = int32(i)
		default:
			r.repeated(c)
		}
	}
	for i := range r.inferences {
		if c := &r.inferences[i]; c.repeated {
			r.Batch.Withdraw(int(c.record), int(r.inferences[r.aliases[c.alias]].record))
		}
	}
}

// repeated drops a call for one that may go by the same key.
func (r *Reading) repeated(c *inferred) {
	c.repeated = true
	r.drop(c)
}

func (r *Reading) drop(c *inferred) {
	c.dropped = true
	r.Batch.Drop(int(c.record), usage.SkippedNested)
}

// isInner says whether the record may repeat its parent. Nobody is its own.
func (x *relative) isInner() bool { return x.inner && x.parent != x.id }

func holdsInner(list []relative) bool {
	return len(list) > 1 && slices.ContainsFunc(list, func(x relative) bool { return x.isInner() })
}
