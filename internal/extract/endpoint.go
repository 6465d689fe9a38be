package extract

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// endpoint meters a span of something that was served.
func (r *Reading) endpoint(s ptrace.Span) {
	if !r.x.endpoints.enabled {
		r.skip(usage.UnmeteredDisabled)
		return
	}
	protocol := r.protocol(s)
	r.endpointKey(s, protocol)
	record, _ := r.record(s, r.outcome(s.Status(), served), r.sourceOf(usage.Endpoint, protocol))
	record.RequestBytes, record.ResponseBytes = r.sizes()
	n := r.Batch.Add(record, r.spanKey(s, &record))
	r.touch(n, usage.Endpoint, &record, s.EndTimestamp())
	if isTransport(s, protocol) {
		server := r.relative(s, n)
		server.inner = server.inner && !isRemote(s)
		r.servers = append(r.servers, server)
	}
}

// endpointKey writes the identity of what was served.
func (r *Reading) endpointKey(s ptrace.Span, protocol string) {
	r.key.Reset(r.x.endpoints.schema)
	r.key.Value(r.service)
	r.key.Value(protocol)
	r.key.Open()
	r.endpointName(s, protocol)
	r.closeName()
	r.dimensions(&r.x.endpoints)
}

// protocol says what kind of endpoint a span is of. What runs inside HTTP comes
// before it, being the more telling name.
func (r *Reading) protocol(s ptrace.Span) string {
	v := &r.values
	switch {
	case v.has(dialect.MCPMethod):
		return ofMCP
	case v.has(dialect.GraphQLType) || v.has(dialect.GraphQLName):
		return ofGraphQL
	case v.has(dialect.RPCSystem):
		return ofRPC
	case v.has(dialect.HTTPMethod) || v.has(dialect.HTTPRoute):
		return r.overHTTP()
	case v.has(dialect.FaaSTrigger):
		return ofFaaS
	case v.has(dialect.MessagingSystem) || s.Kind() == ptrace.SpanKindConsumer:
		return ofMessaging
	default:
		return usage.Unknown
	}
}

// overHTTP tells requests from connections that begin as one and go on for as
// long as they like: their durations have nothing in common.
func (r *Reading) overHTTP() string {
	if r.status == http.StatusSwitchingProtocols || strings.EqualFold(r.values.text(dialect.Protocol), ofWebSocket) {
		return ofWebSocket
	}
	return ofHTTP
}

// endpointName writes what is served. A name never contains an identifier of a
// single thing; what is not known shows as unknown.
func (r *Reading) endpointName(s ptrace.Span, protocol string) {
	switch protocol {
	case ofHTTP, ofWebSocket:
		r.httpEndpoint(s)
	case ofRPC:
		r.rpcName(s)
	case ofMessaging:
		r.messagingName(r.messagingVerb("process"))
	case ofGraphQL:
		r.joined(r.values.text(dialect.GraphQLType), r.values.text(dialect.GraphQLName))
	case ofFaaS:
		r.key.Write(firstOf(r.values.text(dialect.FaaSName), r.faas, s.Name()))
	case ofMCP:
		r.joined(r.values.text(dialect.MCPMethod), r.values.text(dialect.ToolName))
	case usage.GenAI:
		r.joined(r.values.text(dialect.GenAIOperation), stated(r.values.text(dialect.RequestModel)))
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
	asked, target := r.requestLine()
	method := firstOf(canonicalMethod(firstOf(v.text(dialect.HTTPMethod), asked)), otherMethod)
	r.key.Write(method)
	r.key.Write(" ")
	if route := v.text(dialect.HTTPRoute); route != "" {
		r.key.Write(route)
		return
	}
	path, _, _ := strings.Cut(firstOf(v.text(dialect.URLPath), target, pathOf(v.text(dialect.URLFull))), "?")
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

// requestLine returns the method and the target of "GET /path HTTP/1.1", which is
// how access logs have them.
func (r *Reading) requestLine() (method, target string) {
	if !r.values.has(dialect.RequestLine) {
		return "", ""
	}
	method, rest, _ := strings.Cut(r.values.text(dialect.RequestLine), " ")
	target, _, _ = strings.Cut(rest, " ")
	return method, target
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
