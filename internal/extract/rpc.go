package extract

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
)

// rpcName writes "pkg.Service/Method": new conventions have it whole in
// rpc.method, old ones in two attributes, the oldest only as the span's name.
func (r *Reading) rpcName(s ptrace.Span) {
	service, method := r.values.text(dialect.RPCService), r.values.text(dialect.RPCMethod)
	switch {
	case strings.Contains(method, "/"):
		r.key.Write(strings.TrimPrefix(method, "/"))
	case service != "" && method != "":
		r.key.Write(service)
		r.key.Write("/")
		r.key.Write(method)
	case service != "" || method != "":
		r.key.Write(service)
		r.key.Write(method)
	default:
		r.template(strings.TrimPrefix(s.Name(), "/"))
	}
}

// rpcServiceName is the service that is called, whichever way it is named.
func (r *Reading) rpcServiceName() string {
	service, _, qualified := strings.Cut(strings.TrimPrefix(r.values.text(dialect.RPCMethod), "/"), "/")
	if !qualified {
		service = ""
	}
	return firstOf(r.values.text(dialect.RPCService), service)
}
