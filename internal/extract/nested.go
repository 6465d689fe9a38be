package extract

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// One call can show as two spans of the same kind, one inside the other. Which
// of them counts is decided when the whole batch has been read.

// relative is what is remembered of a record to find its relatives.
type relative struct {
	service    string
	trace      pcommon.TraceID
	id, parent pcommon.SpanID
	record     int
	// orphan is a server span that does not say where its parent is.
	orphan bool
}

func (r *Reading) relative(s ptrace.Span, record int) relative {
	return relative{service: r.service, trace: s.TraceID(), id: s.SpanID(), parent: s.ParentSpanID(), record: record}
}

// process says where the parent of a server span is.
type process uint8

const (
	notAsked process = iota // of a protocol whose spans do lie in one another
	remote
	local
	unstated
)

// processOfParent says whether an HTTP or RPC server span lies inside another
// span of its own process: a framework's, inside that of the server it runs in.
// GraphQL, MCP and functions lie inside HTTP and are endpoints of their own.
func processOfParent(s ptrace.Span, protocol string) process {
	const hasIsRemote, isRemote = 0x100, 0x200 // OTLP SpanFlags
	switch {
	case s.Kind() != ptrace.SpanKindServer || protocol != protocolHTTP && protocol != protocolRPC:
		return notAsked
	case s.ParentSpanID().IsEmpty():
		return remote
	case s.Flags()&hasIsRemote == 0:
		return unstated
	case s.Flags()&isRemote == 0:
		return local
	default:
		return remote
	}
}

// dropNested books the records that repeat another one of the batch.
func (r *Reading) dropNested() {
	if r.orphans {
		// The outer server span is the request; the inner one repeats it.
		r.eachParent(r.servers, func(parent, child *relative) {
			if child.orphan && parent.service == child.service {
				r.Batch.Drop(child.record, usage.SkippedNested)
			}
		})
	}
	if len(r.inferences) > 1 {
		// The inner span is the provider's SDK, which knows best; the outer one
		// is a framework's around it.
		r.eachParent(r.inferences, func(parent, _ *relative) {
			r.Batch.Drop(parent.record, usage.SkippedNested)
		})
	}
}

// eachParent calls f with every pair of parent and child in the list.
func (r *Reading) eachParent(list []relative, f func(parent, child *relative)) {
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
