package extract

import (
	"bytes"
	"strings"
)

// bedrock is the provider behind both its API's RPC and its HTTP name.
const bedrock = "aws.bedrock"

// inferenceProvider returns the canonical name of the provider of a call to a
// model. What is not in the table is taken as it is; frameworks are never a
// provider, then the host decides.
func (r *Reading) inferenceProvider() string {
	named := strings.TrimSpace(r.values.text(genAIProvider))
	r.name = appendLower(r.name[:0], named)
	canonical, known := r.x.providers.names[string(r.name)]
	if canonical != "" {
		return canonical
	}
	if named != "" && !known {
		return named
	}
	return r.inferenceHost(r.host())
}

// host is the host that a client span names, without its port.
func (r *Reading) host() string {
	return firstOf(withoutPort(r.values.text(serverAddress)), hostOf(r.values.text(urlFull)))
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
	if value, ok := r.values.get(serverPort); ok {
		n, _ := wholeNumber(value)
		return n == port
	}
	return strings.HasSuffix(r.values.text(serverAddress), suffix) ||
		strings.HasSuffix(authorityOf(r.values.text(urlFull)), suffix)
}

// inferenceHost returns the provider that a host belongs to, if it is one.
func (r *Reading) inferenceHost(host string) string {
	r.name = appendLower(r.name[:0], host)
	if provider, ok := r.x.providers.hosts[string(r.name)]; ok {
		return provider
	}
	if r.isOllama(host) {
		return "ollama"
	}
	if bytes.HasPrefix(r.name, []byte("bedrock-runtime")) && bytes.HasSuffix(r.name, []byte(".amazonaws.com")) {
		return bedrock
	}
	for _, s := range [...]struct{ suffix, provider string }{
		{".openai.azure.com", "azure.ai.openai"},
		{".services.ai.azure.com", "azure.ai.inference"},
		{".inference.ai.azure.com", "azure.ai.inference"},
		{"-aiplatform.googleapis.com", "gcp.vertex_ai"},
	} {
		if bytes.HasSuffix(r.name, []byte(s.suffix)) {
			return s.provider
		}
	}
	return ""
}

// providerNames maps what instrumentations call a provider, in lower case, to
// its canonical name. Frameworks map to nothing: they are not who is paid.
func providerNames() map[string]string {
	names := map[string]string{}
	for canonical, aliases := range map[string][]string{
		"openai":             {"openai.chat", "openai.responses"},
		"anthropic":          {"anthropic.messages"},
		"gcp.gemini":         {"gemini", "google-generative-ai", "google.generative-ai", "google_ai_studio"},
		"gcp.vertex_ai":      {"vertex_ai", "vertexai", "google-vertex", "google.vertex.chat", "gcp.vertex.agent"},
		"gcp.gen_ai":         {"google", "google_genai"},
		bedrock:              {"aws", "bedrock", "bedrock_converse", "amazon-bedrock"},
		"azure.ai.openai":    {"az.ai.openai", "azure", "azure-openai", "azure.openai"},
		"azure.ai.inference": {"az.ai.inference", "azure_ai"},
		"mistral_ai":         {"mistralai", "mistral"},
		"x_ai":               {"xai", "grok"},
		"cohere":             {"cohere_chat"},
		"groq":               nil,
		"deepseek":           nil,
		"perplexity":         nil,
		"ibm.watsonx.ai":     {"watsonx"},
		"moonshot_ai":        {"moonshot", "moonshotai", "kimi"},
		"ollama":             nil,
		"together_ai":        {"together"},
		"fireworks":          {"fireworks_ai"},
		"hugging_face":       {"huggingface"},
		"nvidia_nim":         {"nvidia"},
		"alibaba":            {"dashscope", "qwen"},
		"zhipuai":            {"zai"},
	} {
		names[canonical] = canonical
		for _, alias := range aliases {
			names[alias] = canonical
		}
	}
	for _, framework := range []string{
		"langchain", "crewai", "spring_ai", "haystack", "llamaindex", "agno", "litellm", "vercel",
		"langgraph", "pydantic_ai", "claude-agent-sdk",
	} {
		names[framework] = ""
	}
	return names
}

// inferenceHosts maps the hosts of inference APIs to their providers; those
// with a customer or a region in their name are matched in inferenceHost.
func inferenceHosts() map[string]string {
	return map[string]string{
		"api.openai.com":                    "openai",
		"api.anthropic.com":                 "anthropic",
		"generativelanguage.googleapis.com": "gcp.gemini",
		"aiplatform.googleapis.com":         "gcp.vertex_ai",
		"api.mistral.ai":                    "mistral_ai",
		"api.cohere.com":                    "cohere",
		"api.cohere.ai":                     "cohere",
		"api.groq.com":                      "groq",
		"api.deepseek.com":                  "deepseek",
		"api.x.ai":                          "x_ai",
		"api.perplexity.ai":                 "perplexity",
		"api.together.xyz":                  "together_ai",
		"api.together.ai":                   "together_ai",
		"api.fireworks.ai":                  "fireworks",
		"openrouter.ai":                     "openrouter",
		"api.moonshot.ai":                   "moonshot_ai",
		"api.moonshot.cn":                   "moonshot_ai",
		"api.cerebras.ai":                   "cerebras",
		"api-inference.huggingface.co":      "hugging_face",
		"router.huggingface.co":             "hugging_face",
		"api.githubcopilot.com":             "github",
	}
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
