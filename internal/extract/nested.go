package extract

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// One call can show as two spans of the same kind, one inside the other. Which
// of them counts is decided when the whole batch has been read.

// relative is what is remembered of a record to find its relatives.
type relative struct {
	trace      pcommon.TraceID
	id, parent pcommon.SpanID
	record     int32
	service    int32 // index in Reading.services
}

func (r *Reading) relative(s ptrace.Span, record int) relative {
	return relative{
		trace: s.TraceID(), id: s.SpanID(), parent: s.ParentSpanID(),
		record: int32(record), service: int32(len(r.services) - 1),
	}
}

// Flags of an OTLP span that say whether its parent is in another process. SDKs
// set them since 2024.
const (
	flagHasIsRemote = 0x100
	flagIsRemote    = 0x200
)

// liesInAnother says whether a span's own flags place it inside another span of
// its process.
func liesInAnother(s ptrace.Span) bool {
	return s.Flags()&(flagHasIsRemote|flagIsRemote) == flagHasIsRemote && !s.ParentSpanID().IsEmpty()
}

// mayLieInAnother says whether only the rest of the batch can tell.
func mayLieInAnother(s ptrace.Span) bool { return s.Flags()&flagHasIsRemote == 0 }

// isTransport says whether a server span is of a protocol that carries others: a
// framework's span may lie inside that of the server it runs in. GraphQL, MCP
// and functions lie inside HTTP too, but are endpoints of their own.
func isTransport(s ptrace.Span, protocol string) bool {
	return s.Kind() == ptrace.SpanKindServer && (protocol == protocolHTTP || protocol == protocolRPC)
}

// dropNested books the records that repeat another one of the batch.
func (r *Reading) dropNested() {
	// Of servers, the outer one has received the request.
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

// eachParent calls f with every pair of parent and child in the list.
func (r *Reading) eachParent(list []relative, f func(parent, child *relative)) {
	isChild := func(x relative) bool { return !x.parent.IsEmpty() }
	if len(list) < 2 || !slices.ContainsFunc(list, isChild) {
		return
	}
	clear(r.byID)
	for i := range list {
		r.byID[list[i].id] = int32(i)
	}
	for i := range list {
		child := &list[i]
		n, ok := r.byID[child.parent]
		if ok && int(n) != i && !child.parent.IsEmpty() && list[n].trace == child.trace {
			f(&list[n], child)
		}
	}
}
