package extract

import (
	"strings"

	"github.com/otelusage/usageprocessor/internal/dialect"
)

// bedrock is the provider behind both its API's RPC and its HTTP name.
const bedrock = "aws.bedrock"

// inferenceProvider returns the canonical name of the provider of a call to a
// model. What is not in the table is taken as it is; frameworks are never a
// provider: then the host decides, and last what is known of the model's name.
func (r *Reading) inferenceProvider(model, fallback string) string {
	named := strings.TrimSpace(firstOf(unquote(r.values.text(dialect.GenAIProvider)), fallback))
	r.name = appendLower(r.name[:0], named)
	canonical, known := r.x.program.Providers.Canonical(r.name)
	if canonical != "" {
		return canonical
	}
	if named != "" && !known {
		return named
	}
	return firstOf(r.inferenceHost(r.host()), r.x.program.Providers.OfModel(model))
}

// host is the host that a client span names, without its port.
func (r *Reading) host() string {
	return firstOf(withoutPort(r.values.text(dialect.ServerAddress)), hostOf(r.values.text(dialect.URLFull)))
}

// isOllama says whether a span goes to this machine, where a port is all that
// tells one server from another, at the port of Ollama.
func (r *Reading) isOllama(host string) bool {
	switch host {
	case "localhost", "127.0.0.1", "::1":
	default:
		return false
	}
	const port, suffix = 11434, ":11434"
	if value, ok := r.values.get(dialect.ServerPort); ok {
		n, _ := value.whole()
		return n == port
	}
	return strings.HasSuffix(r.values.text(dialect.ServerAddress), suffix) ||
		strings.HasSuffix(authorityOf(r.values.text(dialect.URLFull)), suffix)
}

// inferenceHost returns the provider that a host belongs to, if it is one.
func (r *Reading) inferenceHost(host string) string {
	r.name = appendLower(r.name[:0], host)
	if provider := r.x.program.Providers.AtHost(r.name); provider != "" {
		return provider
	}
	if r.isOllama(host) {
		return "ollama"
	}
	return ""
}

// canonicalDB returns today's name of a database system where the conventions
// renamed it (db.system to db.system.name, v1.28).
func canonicalDB(system string) string {
	switch system {
	case "mssql":
		return "microsoft.sql_server"
	case "oracle":
		return "oracle.db"
	case "dynamodb":
		return "aws.dynamodb"
	case "redshift":
		return "aws.redshift"
	case "spanner":
		return "gcp.spanner"
	case "cosmosdb":
		return "azure.cosmosdb"
	case "db2":
		return "ibm.db2"
	default:
		return system
	}
}

// sqlVerb returns the first word of a statement if it is one of SQL's.
func sqlVerb(statement string) string {
	statement = strings.TrimLeft(statement, " \t\r\n(")
	end := strings.IndexAny(statement, " \t\r\n(;")
	if end < 0 {
		end = len(statement)
	}
	for _, verb := range [...]string{
		"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "CREATE", "ALTER", "DROP",
		"TRUNCATE", "BEGIN", "COMMIT", "ROLLBACK", "CALL", "EXPLAIN", "SHOW", "SET",
	} {
		if strings.EqualFold(statement[:end], verb) {
			return verb
		}
	}
	return ""
}
