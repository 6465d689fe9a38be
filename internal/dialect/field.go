package dialect

// Field is one thing that telemetry can say, whatever name it goes by.
type Field uint16

// The vocabulary of fields. Their names in files are in fieldNames.
const (
	HTTPMethod Field = iota
	HTTPStatus
	HTTPRoute
	URLPath
	URLFull
	URLTemplate
	RequestLine // "GET /path HTTP/1.1"
	ServerAddress
	ServerPort
	PeerService
	RequestBytes
	ResponseBytes
	RequestLength  // a captured Content-Length header
	ResponseLength // a captured Content-Length header
	Protocol       // network.protocol.name: tells WebSockets

	RPCSystem
	RPCService
	RPCMethod
	RPCStatus

	MessagingSystem
	MessagingOperation
	MessagingTemplate
	MessagingDestination
	MessagingTemporary
	MessagingBytes

	GraphQLType
	GraphQLName
	FaaSTrigger
	FaaSName
	MCPMethod
	ToolName

	GenAIOperation
	GenAIProvider
	RequestModel
	ResponseModel
	ResponseID
	ServiceTier
	InputTokens
	OutputTokens
	TotalTokens
	CacheReadTokens
	CacheWriteTokens
	CacheWrite1hTokens
	ReasoningTokens
	ToolTokens // prompt tokens of tool use that input does not contain
	TimeToFirstToken
	Cost
	TokenType // of a data point

	DBSystem
	DBOperation
	DBCollection
	DBSummary
	DBText
	DBStatus

	SessionID // of whoever calls, text or integer

	ErrorType
	Failure   // text of an error: what has one has failed
	Succeeded // a boolean
	Duration  // of a log record
	EndTime   // not an attribute but a field, to be counted as a bad value

	// Fields is the number of fields; configured dimensions are numbered from it.
	Fields
)

// String is the field's name in files.
func (f Field) String() string {
	if f >= Fields {
		return "dimension"
	}
	return fieldNames()[f]
}

// fieldNames are the names of fields in files.
func fieldNames() [Fields]string {
	return [Fields]string{
		HTTPMethod: "http_method", HTTPStatus: "http_status", HTTPRoute: "http_route",
		URLPath: "url_path", URLFull: "url_full", URLTemplate: "url_template", RequestLine: "request_line",
		ServerAddress: "server_address", ServerPort: "server_port", PeerService: "peer_service",
		RequestBytes: "request_bytes", ResponseBytes: "response_bytes",
		RequestLength: "request_length", ResponseLength: "response_length", Protocol: "protocol",

		RPCSystem: "rpc_system", RPCService: "rpc_service", RPCMethod: "rpc_method", RPCStatus: "rpc_status",

		MessagingSystem: "messaging_system", MessagingOperation: "messaging_operation",
		MessagingTemplate: "messaging_template", MessagingDestination: "messaging_destination",
		MessagingTemporary: "messaging_temporary", MessagingBytes: "messaging_bytes",

		GraphQLType: "graphql_type", GraphQLName: "graphql_name",
		FaaSTrigger: "faas_trigger", FaaSName: "faas_name",
		MCPMethod: "mcp_method", ToolName: "tool_name",

		GenAIOperation: "gen_ai_operation", GenAIProvider: "gen_ai_provider",
		RequestModel: "request_model", ResponseModel: "response_model", ResponseID: "response_id",
		ServiceTier: "service_tier",
		InputTokens: "input_tokens", OutputTokens: "output_tokens", TotalTokens: "total_tokens",
		CacheReadTokens: "cache_read_tokens", CacheWriteTokens: "cache_write_tokens",
		CacheWrite1hTokens: "cache_write_1h_tokens", ReasoningTokens: "reasoning_tokens", ToolTokens: "tool_tokens",
		TimeToFirstToken: "time_to_first_token", Cost: "cost", TokenType: "token_type",

		DBSystem: "db_system", DBOperation: "db_operation", DBCollection: "db_collection",
		DBSummary: "db_summary", DBText: "db_text", DBStatus: "db_status",

		SessionID: "session_id",

		ErrorType: "error_type", Failure: "failure", Succeeded: "succeeded", Duration: "duration",
		EndTime: "end_time_unix_nano",
	}
}
