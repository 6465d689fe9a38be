package extract

import (
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Values of usage.provider.kind beside usage.GenAI.
const (
	kindDB        = "db"
	kindMessaging = "messaging"
	kindHTTP      = "http"
	kindRPC       = "rpc"
)

// provider meters a span of something that was consumed.
func (r *Reading) provider(s ptrace.Span) {
	if !r.x.providers.enabled {
		r.skip(usage.UnmeteredDisabled)
		return
	}
	v := &r.values
	switch {
	case v.has(mcpMethod):
		r.beginProvider(kindRPC, firstOf(v.text(peerService), withoutPort(v.text(serverAddress)), "mcp"))
		r.joined(v.text(mcpMethod), v.text(toolName))
		r.endProvider(s)
	case r.saysInference():
		r.inference(s)
	case v.has(dbSystem):
		r.beginProvider(kindDB, canonicalDB(v.text(dbSystem)))
		r.dbOperation()
		r.endProvider(s)
	case v.has(messagingSystem):
		r.beginProvider(kindMessaging, v.text(messagingSystem))
		r.messagingName(r.messagingVerb("send"))
		r.endProvider(s)
	case v.has(rpcSystem):
		r.rpcProvider(s)
	case v.has(httpMethod) || v.has(urlFull):
		r.httpProvider(s)
	default:
		r.skip(usage.UnmeteredUnidentified)
	}
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

// endProvider closes the identity and adds the record.
func (r *Reading) endProvider(s ptrace.Span) (group int32, added bool) {
	r.closeName()
	r.dimensions(&r.x.providers.compiled)
	record, added := r.record(s, r.outcome(s.Status(), consumed))
	record.RequestBytes, record.ResponseBytes = r.sizes()
	r.Batch.Add(record, r.spanKey(s, &record))
	return record.Group, added
}

// rpcProvider meters a client span of an RPC. Calls of an AWS SDK name their
// service, which is the provider; others go to a peer.
func (r *Reading) rpcProvider(s ptrace.Span) {
	v := &r.values
	service := r.rpcServiceName()
	inference := false
	switch {
	case v.text(rpcSystem) != "aws-api" || service == "":
		r.beginProvider(kindRPC, firstOf(v.text(peerService), withoutPort(v.text(serverAddress)), service))
	case service == "BedrockRuntime" || service == "Bedrock Runtime":
		r.beginProvider(kindRPC, bedrock)
		inference = true
	default:
		r.beginProvider(kindRPC, "aws.", service)
	}
	r.rpcName(s)
	if group, added := r.endProvider(s); added && inference {
		r.shadow(group, bedrock)
	}
}

// httpProvider meters a client span of plain HTTP. Requests to the host of a
// known inference provider go to that provider, under whatever host, and may be
// the transport of calls that are metered as inference.
func (r *Reading) httpProvider(s ptrace.Span) {
	v := &r.values
	host := r.host()
	inference := r.inferenceHost(host)
	r.beginProvider(kindHTTP, firstOf(inference, v.text(peerService), host))
	r.key.Write(firstOf(canonicalMethod(v.text(httpMethod)), otherMethod))
	if template := v.text(urlTemplate); template != "" {
		r.key.Write(" ")
		r.key.Write(template)
	}
	if group, added := r.endProvider(s); added && inference != "" {
		r.shadow(group, inference)
	}
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
	if summary := v.text(dbSummary); summary != "" {
		r.key.Write(summary)
		return
	}
	r.joined(firstOf(v.text(dbOperation), sqlVerb(v.text(dbText))), v.text(dbCollection))
}
