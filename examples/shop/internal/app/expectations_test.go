package app

import (
	"maps"
	"slices"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

const (
	server   = tracepb.Span_SPAN_KIND_SERVER
	client   = tracepb.Span_SPAN_KIND_CLIENT
	producer = tracepb.Span_SPAN_KIND_PRODUCER
	consumer = tracepb.Span_SPAN_KIND_CONSUMER
	internal = tracepb.Span_SPAN_KIND_INTERNAL

	unset  = tracepb.Status_STATUS_CODE_UNSET
	failed = tracepb.Status_STATUS_CODE_ERROR

	getStock = "shop.inventory.v1.Inventory/GetStock"
	reserve  = "shop.inventory.v1.Inventory/Reserve"
)

// with never shares a backing array, as append may.
func with(common []string, more ...string) []string { return slices.Concat(common, more) }

func expectations() map[string]expectation {
	all := endpoints()
	maps.Copy(all, peers())
	maps.Copy(all, models())
	return all
}

func endpoints() map[string]expectation {
	ok := []string{"http.response.status_code=200", "http.response.body.size=*"}
	return map[string]expectation{
		// Around a mux the instrumentation learns the route too late for an attribute: only the name has it.
		"mux route in the name": {"storefront", server, "GET /products/{id}", unset, with(ok, "http.route=")},
		"no route":              {"storefront", server, "GET", unset, []string{"url.path=/wp-login.php", "http.route="}},
		"not found":             {"storefront", server, "GET /products/{id}", unset, []string{"http.response.status_code=404"}},
		"bad request":           {"storefront", server, "POST /checkout", unset, []string{"http.response.status_code=400"}},
		"declined":              {"storefront", server, "POST /checkout", unset, []string{"http.response.status_code=402"}},
		"throttled":             {"storefront", server, "GET /search", unset, []string{"http.response.status_code=429"}},
		"panic":                 {"storefront", server, "GET /recommendations", failed, []string{"http.response.status_code=500"}},
		"cancelled":             {"storefront", server, "GET /products/{id}", unset, []string{"http.response.status_code=499"}},

		"route per handler": {"checkout", server, "POST /orders", unset, with(ok, "http.route=/orders", "http.request.body.size=*")},
		"route with id":     {"checkout", server, "GET /orders/{id}", unset, with(ok, "http.route=/orders/{id}", "url.path=/orders/1")},
		"conflict":          {"checkout", server, "POST /orders", unset, []string{"http.response.status_code=409"}},
		"assistant":         {"assistant", server, "POST /ask", unset, with(ok, "http.route=/ask")},

		"rpc":             {"inventory", server, getStock, unset, []string{"rpc.system.name=grpc", "rpc.method=" + getStock, "rpc.response.status_code=OK"}},
		"rpc not found":   {"inventory", server, reserve, unset, []string{"rpc.response.status_code=NOT_FOUND"}},
		"rpc throttled":   {"inventory", server, reserve, unset, []string{"rpc.response.status_code=RESOURCE_EXHAUSTED"}},
		"rpc unavailable": {"inventory", server, reserve, failed, []string{"rpc.response.status_code=UNAVAILABLE"}},
		"rpc cancelled":   {"inventory", server, getStock, unset, []string{"rpc.response.status_code=CANCELLED"}},

		"message":        {"fulfilment", consumer, "process orders", unset, []string{"messaging.system=kafka", "messaging.operation.type=process", "messaging.consumer.group.name=fulfilment"}},
		"failed message": {"fulfilment", consumer, "process orders", failed, []string{"error.type=*"}},
	}
}

func peers() map[string]expectation {
	postgres := []string{"db.system.name=postgresql", "db.operation.name=*", "db.collection.name=*", "db.query.summary=*"}
	return map[string]expectation{
		"http call":          {"storefront", client, "HTTP POST", unset, []string{"service.peer.name=checkout", "http.response.status_code=200", "url.full=*"}},
		"http refused":       {"storefront", client, "HTTP POST", failed, []string{"service.peer.name=checkout", "error.type=404"}},
		"http given up":      {"storefront", client, "HTTP POST", failed, []string{"service.peer.name=assistant", "http.response.status_code=", "error.type=*errors.errorString"}},
		"payment throttled":  {"checkout", client, "HTTP POST", failed, []string{"service.peer.name=payments", "error.type=429"}},
		"payment down":       {"checkout", client, "HTTP POST", failed, []string{"service.peer.name=payments", "error.type=503"}},
		"payment retried":    {"checkout", client, "HTTP POST", unset, []string{"service.peer.name=payments", "http.response.status_code=200"}},
		"rpc call":           {"storefront", client, getStock, unset, []string{"rpc.system.name=grpc", "rpc.response.status_code=OK", "service.peer.name=inventory"}},
		"rpc call throttled": {"checkout", client, reserve, failed, []string{"rpc.response.status_code=RESOURCE_EXHAUSTED"}},
		"rpc call given up":  {"storefront", client, getStock, failed, []string{"rpc.response.status_code=CANCELLED"}},
		"query":              {"storefront", client, "SELECT products", unset, postgres},
		"query failed":       {"checkout", client, "INSERT orders", failed, with(postgres, "error.type=23505", "db.response.status_code=23505")},
		"message sent":       {"checkout", producer, "send orders", unset, []string{"messaging.system=kafka", "messaging.operation.type=send", "messaging.message.body.size=*"}},
	}
}

func models() map[string]expectation {
	chat := []string{"gen_ai.operation.name=chat", "gen_ai.provider.name=openai", "gen_ai.request.model=gpt-5"}
	usage := with(chat, "gen_ai.response.model=gpt-5-2026-08-01", "gen_ai.response.time_to_first_chunk=*",
		"gen_ai.usage.input_tokens=*", "gen_ai.usage.output_tokens=*", "gen_ai.usage.reasoning.output_tokens=*")
	return map[string]expectation{
		"chat, cache written": {"assistant", client, "chat gpt-5", unset, with(usage, "gen_ai.usage.cache_creation.input_tokens=*")},
		"chat, cache read":    {"assistant", client, "chat gpt-5", unset, with(usage, "gen_ai.usage.cache_read.input_tokens=*")},
		"chat throttled":      {"assistant", client, "chat gpt-5", failed, with(chat, "error.type=429")},
		"chat down":           {"assistant", client, "chat gpt-5", failed, with(chat, "error.type=500")},
		"chat refused":        {"assistant", client, "chat gpt-5", failed, with(chat, "error.type=400")},
		"chat given up":       {"assistant", client, "chat gpt-5", failed, with(chat, "error.type=context.Canceled")},
		"chat failed over":    {"assistant", client, "chat claude-sonnet-4-5", unset, []string{"gen_ai.provider.name=anthropic", "gen_ai.usage.input_tokens=*"}},
		"agent":               {"assistant", internal, "invoke_agent shop-assistant", unset, []string{"gen_ai.operation.name=invoke_agent", "gen_ai.usage.input_tokens=*"}},
		"tool":                {"assistant", internal, "execute_tool look_up_stock", unset, []string{"gen_ai.operation.name=execute_tool"}},
	}
}
