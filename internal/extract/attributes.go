package extract

// attribute is one thing that telemetry can say, whatever name it goes by.
type attribute uint16

const (
	httpMethod attribute = iota
	httpStatus
	httpRoute
	urlPath
	urlFull
	urlTemplate
	serverAddress
	serverPort
	peerService
	requestBytes
	responseBytes
	requestLength
	responseLength

	rpcSystem
	rpcService
	rpcMethod
	rpcStatus

	messagingSystem
	messagingOperation
	messagingTemplate
	messagingDestination
	messagingTemporary
	messagingBytes

	graphqlType
	graphqlName
	faasTrigger
	faasName
	mcpMethod
	toolName

	genAIOperation
	genAIProvider
	requestModel
	responseModel
	inputTokens
	outputTokens
	totalTokens
	cacheReadTokens
	cacheWriteTokens
	cacheReadOlder
	cacheWriteOlder
	reasoningTokens
	timeToFirstToken

	dbSystem
	dbOperation
	dbCollection
	dbSummary
	dbText
	dbStatus

	errorType
	endTime

	// attributes is the number of attributes known here; configured dimensions
	// are numbered from it on.
	attributes
)

// names lists what each attribute is called, best first: where a record has
// several of its names they say the same thing, and the first one listed is
// read. Old and new semantic conventions are both in use, often on one span.
func names() [attributes][]string {
	return [attributes][]string{
		httpMethod:     {"http.request.method", "http.method"},
		httpStatus:     {"http.response.status_code", "http.status_code"},
		httpRoute:      {"http.route"},
		urlPath:        {"url.path", "http.target"},
		urlFull:        {"url.full", "http.url"},
		urlTemplate:    {"url.template"},
		serverAddress:  {"server.address", "net.peer.name", "http.host", "network.peer.address", "net.sock.peer.addr", "net.peer.ip"},
		serverPort:     {"server.port", "net.peer.port"},
		peerService:    {"service.peer.name", "peer.service"},
		requestBytes:   {"http.request.body.size", "http.request_content_length_uncompressed", "http.request_content_length", "http.request.size"},
		responseBytes:  {"http.response.body.size", "http.response_content_length_uncompressed", "http.response_content_length", "http.response.size"},
		requestLength:  {"http.request.header.content-length", "http.request.header.content_length"},
		responseLength: {"http.response.header.content-length", "http.response.header.content_length"},

		rpcSystem:  {"rpc.system.name", "rpc.system"},
		rpcService: {"rpc.service"},
		rpcMethod:  {"rpc.method"},
		rpcStatus:  {"rpc.response.status_code", "rpc.grpc.status_code", "rpc.connect_rpc.error_code", "rpc.jsonrpc.error_code"},

		messagingSystem:      {"messaging.system"},
		messagingOperation:   {"messaging.operation.type", "messaging.operation", "messaging.operation.name"},
		messagingTemplate:    {"messaging.destination.template"},
		messagingDestination: {"messaging.destination.name", "messaging.destination"},
		messagingTemporary:   {"messaging.destination.temporary", "messaging.destination.anonymous", "messaging.temp_destination"},
		messagingBytes:       {"messaging.message.body.size", "messaging.message.envelope.size", "messaging.message_payload_size_bytes"},

		graphqlType: {"graphql.operation.type"},
		graphqlName: {"graphql.operation.name"},
		faasTrigger: {"faas.trigger"},
		faasName:    {"faas.name"},
		mcpMethod:   {"mcp.method.name"},
		toolName:    {"gen_ai.tool.name", "gen_ai.prompt.name"},

		genAIOperation:   {"gen_ai.operation.name", "llm.request.type"},
		genAIProvider:    {"gen_ai.provider.name", "gen_ai.system"},
		requestModel:     {"gen_ai.request.model"},
		responseModel:    {"gen_ai.response.model"},
		inputTokens:      {"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"},
		outputTokens:     {"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"},
		totalTokens:      {"gen_ai.usage.total_tokens", "llm.usage.total_tokens"},
		cacheReadTokens:  {"gen_ai.usage.cache_read.input_tokens"},
		cacheWriteTokens: {"gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"},
		// Names from before the conventions had any: whether input contains
		// these depends on who wrote them (see tokens.go).
		cacheReadOlder:   {"gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read_tokens", "gen_ai.usage.input_cached_tokens", "gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.details.cache_read_input_tokens", "gen_ai.usage.prompt_token_details.cached_tokens"},
		cacheWriteOlder:  {"gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_tokens", "gen_ai.usage.details.cache_write_tokens"},
		reasoningTokens:  {"gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.details.reasoning_tokens"},
		timeToFirstToken: {"gen_ai.response.time_to_first_chunk"},

		dbSystem:     {"db.system.name", "db.system"},
		dbOperation:  {"db.operation.name", "db.operation"},
		dbCollection: {"db.collection.name", "db.sql.table", "db.mongodb.collection", "db.cassandra.table", "db.cosmosdb.container"},
		dbSummary:    {"db.query.summary"},
		dbText:       {"db.query.text", "db.statement"},
		dbStatus:     {"db.response.status_code", "db.cosmosdb.status_code"},

		errorType: {"error.type"},
		// Not an attribute but a field; it is here to be counted as a bad value.
		endTime: {"end_time_unix_nano"},
	}
}
