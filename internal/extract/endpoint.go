package extract

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// endpoint meters a span of something that was served.
func (r *Reading) endpoint(s ptrace.Span) {
	if !r.x.endpoints.enabled {
		r.skip(usage.UnmeteredDisabled)
		return
	}
	protocol := r.protocol(s)
	outcome := r.outcome(s.Status(), served)
	r.key.Reset(r.x.endpoints.schema)
	r.key.Value(r.service)
	r.key.Value(protocol)
	r.key.Open()
	r.endpointName(s, protocol)
	r.closeName()
	r.dimensions(&r.x.endpoints)
	record, _ := r.record(s, outcome)
	record.RequestBytes, record.ResponseBytes = r.sizes()
	n := r.Batch.Add(record, r.spanKey(s, &record))
	if isTransport(s, protocol) {
		server := r.relative(s, n)
		server.inner = server.inner && !isRemote(s)
		r.servers = append(r.servers, server)
	}
}

// Values of usage.protocol.
const (
	protocolHTTP      = "http"
	protocolRPC       = "rpc"
	protocolMessaging = "messaging"
	protocolGraphQL   = "graphql"
	protocolFaaS      = "faas"
	protocolMCP       = "mcp"
)

// protocol says what kind of endpoint a span is of. What runs inside HTTP comes
// before it, being the more telling name.
func (r *Reading) protocol(s ptrace.Span) string {
	v := &r.values
	switch {
	case v.has(mcpMethod):
		return protocolMCP
	case v.has(graphqlType) || v.has(graphqlName):
		return protocolGraphQL
	case v.has(rpcSystem):
		return protocolRPC
	case v.has(httpMethod) || v.has(httpRoute):
		return protocolHTTP
	case v.has(faasTrigger):
		return protocolFaaS
	case v.has(messagingSystem) || s.Kind() == ptrace.SpanKindConsumer:
		return protocolMessaging
	default:
		return usage.Unknown
	}
}

// endpointName writes what is served. A name never contains an identifier of a
// single thing; what is not known shows as unknown.
func (r *Reading) endpointName(s ptrace.Span, protocol string) {
	switch protocol {
	case protocolHTTP:
		r.httpEndpoint(s)
	case protocolRPC:
		r.rpcName(s)
	case protocolMessaging:
		r.messagingName(r.messagingVerb("process"))
	case protocolGraphQL:
		r.joined(r.values.text(graphqlType), r.values.text(graphqlName))
	case protocolFaaS:
		r.key.Write(firstOf(r.values.text(faasName), r.faas, s.Name()))
	case protocolMCP:
		r.joined(r.values.text(mcpMethod), r.values.text(toolName))
	default:
		if name := s.Name(); name != "" {
			r.template(name)
		}
	}
}

// httpEndpoint writes "GET /users/{id}": the route, else the path without
// identifiers. A path that no route matched is the client's invention, so all
// of them are one endpoint.
func (r *Reading) httpEndpoint(s ptrace.Span) {
	v := &r.values
	method := firstOf(canonicalMethod(v.text(httpMethod)), otherMethod)
	r.key.Write(method)
	r.key.Write(" ")
	if route := v.text(httpRoute); route != "" {
		r.key.Write(route)
		return
	}
	path, _, _ := strings.Cut(firstOf(v.text(urlPath), pathOf(v.text(urlFull))), "?")
	named := routeInName(s.Name(), method)
	switch {
	case r.status == http.StatusNotFound && (named == "" || named == path):
		r.key.Write("unmatched")
	case named != "" || path != "":
		r.path(firstOf(named, path))
	default:
		r.key.Write(usage.Unknown)
	}
}

// routeInName returns the path in a span name such as "GET /users/{id}", which
// is how the conventions name a server span whose route is known. Some
// instrumentations learn the route only in time for the name.
func routeInName(name, method string) string {
	rest, ok := strings.CutPrefix(name, method)
	if !ok || !strings.HasPrefix(rest, " /") {
		return ""
	}
	return rest[1:]
}
