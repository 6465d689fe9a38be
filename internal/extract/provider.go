package extract

import (
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// provider meters a span of something that was consumed.
func (r *Reading) provider(s ptrace.Span, inference bool) {
	of := r.consumes(inference)
	switch {
	case !r.x.providers.enabled:
		r.skip(usage.UnmeteredDisabled)
	case of == usage.GenAI:
		r.inference(s)
	case of == "":
		r.skip(usage.UnmeteredUnidentified)
	default:
		transport := r.providerKey(s, of)
		group, added := r.addProvided(s, of)
		if added && transport != "" {
			r.shadow(group, transport)
		}
	}
}

// consumes says what kind of provider a span goes to; empty: none that could be
// named.
func (r *Reading) consumes(inference bool) string {
	v := &r.values
	switch {
	case v.has(dialect.MCPMethod):
		return ofMCP
	case inference || r.saysInference():
		return usage.GenAI
	case v.has(dialect.DBSystem):
		return ofDB
	case v.has(dialect.MessagingSystem):
		return ofMessaging
	case v.has(dialect.RPCSystem):
		return ofRPC
	case v.has(dialect.HTTPMethod) || v.has(dialect.URLFull):
		return ofHTTP
	default:
		return ""
	}
}

// providerKey writes the identity of what was consumed. Calls that may be the
// transport of inference calls, which are metered themselves, return the
// provider of those.
func (r *Reading) providerKey(s ptrace.Span, of string) (transport string) {
	v := &r.values
	switch of {
	case ofMCP:
		r.beginProvider(ofRPC, firstOf(v.text(dialect.PeerService), withoutPort(v.text(dialect.ServerAddress)), ofMCP))
		r.joined(v.text(dialect.MCPMethod), v.text(dialect.ToolName))
	case ofDB:
		r.beginProvider(ofDB, canonicalDB(v.text(dialect.DBSystem)))
		r.dbOperation()
	case ofMessaging:
		r.beginProvider(ofMessaging, v.text(dialect.MessagingSystem))
		r.messagingName(r.messagingVerb("send"))
	case ofRPC:
		transport = r.rpcProvider(s)
	case usage.GenAI:
		r.inferenceKey(dialect.Rules{})
		return ""
	default:
		transport = r.httpProvider()
	}
	r.closeName()
	r.dimensions(&r.x.providers)
	return transport
}

// beginProvider writes the identity up to the operation, which is left open.
// The provider's name may come in parts.
func (r *Reading) beginProvider(kind string, provider ...string) {
	r.key.Reset(r.x.providers.schema)
	r.key.Value(r.service)
	r.key.Open()
	for _, part := range provider {
		r.lower(part)
	}
	r.closeName()
	r.key.Value(kind)
	r.key.Value("") // no model
	r.key.Open()
}

// addProvided adds the record of a span whose identity is written.
func (r *Reading) addProvided(s ptrace.Span, of string) (group int32, added bool) {
	record, added := r.record(s, r.outcome(s.Status(), consumed), r.sourceOf(usage.Provider, of))
	record.RequestBytes, record.ResponseBytes = r.sizes()
	n := r.Batch.Add(record, r.spanKey(s, &record))
	r.touch(n, usage.Provider, &record, s.EndTimestamp())
	return record.Group, added
}

// rpcProvider is an RPC. Calls of an AWS SDK name their service, which is the
// provider; others go to a peer.
func (r *Reading) rpcProvider(s ptrace.Span) (transport string) {
	v := &r.values
	service := r.rpcServiceName()
	switch {
	case v.text(dialect.RPCSystem) != "aws-api" || service == "":
		r.beginProvider(ofRPC, firstOf(v.text(dialect.PeerService), withoutPort(v.text(dialect.ServerAddress)), service))
	case service == "BedrockRuntime" || service == "Bedrock Runtime":
		r.beginProvider(ofRPC, bedrock)
		transport = bedrock
	default:
		r.beginProvider(ofRPC, "aws.", service)
	}
	r.rpcName(s)
	return transport
}

// httpProvider is plain HTTP. Requests to the host of a known inference provider
// go to that provider, under whatever host.
func (r *Reading) httpProvider() (transport string) {
	v := &r.values
	host := r.host()
	transport = r.inferenceHost(host)
	r.beginProvider(ofHTTP, firstOf(transport, v.text(dialect.PeerService), host))
	r.key.Write(firstOf(canonicalMethod(v.text(dialect.HTTPMethod)), otherMethod))
	if template := v.text(dialect.URLTemplate); template != "" {
		r.key.Write(" ")
		r.key.Write(template)
	}
	return transport
}

// shadow marks a group as the transport of this service's calls to a provider.
func (r *Reading) shadow(group int32, provider string) {
	r.claim = usage.AppendClaim(r.claim[:0], r.service, provider)
	r.Batch.Shadow(group, r.claim)
}

// dbOperation writes what was asked of a database: the summary, else operation
// and collection, else the verb of the statement. Never the statement: that
// holds somebody's data.
func (r *Reading) dbOperation() {
	v := &r.values
	if summary := v.text(dialect.DBSummary); summary != "" {
		r.key.Write(summary)
		return
	}
	r.joined(firstOf(v.text(dialect.DBOperation), sqlVerb(v.text(dialect.DBText))), v.text(dialect.DBCollection))
}
