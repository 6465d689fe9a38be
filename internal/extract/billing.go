package extract

import (
	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// What calls are of: values of usage.protocol and of usage.provider.kind, which
// are the names of the families of dialects, too.
const (
	ofHTTP      = "http"
	ofWebSocket = "websocket"
	ofRPC       = "rpc"
	ofMessaging = "messaging"
	ofGraphQL   = "graphql"
	ofFaaS      = "faas"
	ofMCP       = "mcp"
	ofDB        = "db"
)

// families are those of spans by what they are of.
type families map[string]*dialect.Family

func newFamilies(p *dialect.Program) families {
	f := families{}
	for _, of := range []string{ofHTTP, ofRPC, ofMessaging, ofGraphQL, ofFaaS, ofMCP, ofDB, usage.GenAI, usage.Unknown} {
		f[of] = p.Family(of)
	}
	// A connection begins as a request, which HTTP's metrics count.
	f[ofWebSocket] = f[ofHTTP]
	return f
}

// channel is one way in which records can tell of calls.
type channel struct {
	family *dialect.Family
	signal usage.Signal
	// facet is what of the calls the record tells, and alternative its rank among
	// the ways of its signal to tell that.
	facet       usage.Facet
	alternative usage.Rank
	// writer tells resources apart whose versions may tell it in different ways.
	writer uint64
	// weak says that the record has no tokens where others may.
	weak bool
}

// billing is which channels the records of a resource belong to. Most are of the
// one that was looked up last.
type billing struct {
	last  [2]billed
	spans [2]billedSpans
}

// billedSpans is the number of the channel of spans of something.
type billedSpans struct {
	of     string
	number int32
}

// billed is a channel of a side and its number in the batch.
type billed struct {
	channel
	number int32
}

// source returns the number of the channel that a record belongs to.
func (r *Reading) source(kind usage.Kind, c channel) int32 {
	last := &r.billing.last[kind]
	if last.channel == c && last.number > 0 {
		return last.number
	}
	rank, alternative := c.family.Ranks[c.signal], c.alternative
	if c.weak && rank != usage.NeverCounts {
		rank, alternative = rank|usage.Weak, alternative|usage.Weak
	}
	r.claim = usage.AppendSource(r.claim[:0], kind, c.family.Name, c.family.Order, r.service)
	number := r.Batch.Source(r.claim, rank)
	if c.signal != usage.Traces {
		r.claim = usage.AppendFacet(r.claim, c.signal, c.facet, c.writer)
		number = r.Batch.SourceWithin(r.claim, alternative, number)
	}
	*last = billed{c, number}
	return number
}

// sourceOf is the channel of a span of something.
func (r *Reading) sourceOf(kind usage.Kind, of string) int32 {
	last := &r.billing.spans[kind]
	if last.number == 0 || last.of != of {
		*last = billedSpans{of, r.source(kind, channel{family: r.x.families[of], signal: usage.Traces})}
	}
	return last.number
}

// inferenceFamily is the family of inference calls of the scope being read.
func (r *Reading) inferenceFamily(family *dialect.Family) *dialect.Family {
	if r.scopeRules != nil && r.scopeRules.Family != nil {
		return r.scopeRules.Family
	}
	return family
}
