package extract

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// One call can show as two spans of the same kind, one inside the other. Which
// of them counts is decided when the whole batch has been read.

// family is the part of a batch in which nested records are looked for.
type family struct {
	services   []string // of all resources of the batch
	servers    []relative
	inferences []relative
	byID       map[spanID]int32 // reused
}

func (f *family) reset() {
	clear(f.services)
	f.services, f.servers, f.inferences = f.services[:0], f.servers[:0], f.inferences[:0]
}

// relative is what is remembered of a record to find its relatives.
type relative struct {
	id, parent spanID
	record     int32
	service    int32 // index in family.services
	inner      bool  // whether it may repeat its parent
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
	return s.Kind() == ptrace.SpanKindServer && (protocol == protocolHTTP || protocol == protocolRPC)
}

// dropNested books the records that repeat another one of the batch.
func (r *Reading) dropNested() {
	// Of servers, the outer one has received the request. Only a parent that is
	// seen to be one counts: dropping a request that nobody counts is worse than
	// counting one twice.
	r.eachParent(r.servers, func(parent, child *relative) {
		if r.services[parent.service] == r.services[child.service] {
			r.Batch.Drop(int(child.record), usage.SkippedNested)
		}
	})
	// Of inferences, the inner one is of the provider's own SDK, which knows
	// best; the outer one is a framework's.
	r.eachParent(r.inferences, func(parent, _ *relative) {
		r.Batch.Drop(int(parent.record), usage.SkippedNested)
	})
}

// eachParent passes on every pair of parent and inner child in the list.
func (f *family) eachParent(list []relative, call func(parent, child *relative)) {
	if len(list) < 2 || !slices.ContainsFunc(list, func(x relative) bool { return x.inner }) {
		return
	}
	clear(f.byID)
	for i := range list {
		f.byID[list[i].id] = int32(i)
	}
	for i := range list {
		child := &list[i]
		if n, ok := f.byID[child.parent]; ok && child.inner && int(n) != i {
			call(&list[n], child)
		}
	}
}
