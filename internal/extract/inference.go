package extract

import (
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// saysInference says whether a span is about generative AI at all.
func (r *Reading) saysInference() bool {
	v := &r.values
	return v.has(genAIOperation) || v.has(genAIProvider) || v.has(requestModel)
}

// inference meters a call to a model. Spans around such calls (agents,
// workflows, tools) repeat the sums of what is below them and are skipped.
func (r *Reading) inference(s ptrace.Span) {
	v := &r.values
	operation := v.text(genAIOperation)
	if isAggregate(operation) {
		r.skip(usage.SkippedAggregate)
		return
	}
	provider := r.inferenceProvider()
	r.key.Reset(r.x.providers.schema)
	r.key.Value(r.service)
	r.key.Open()
	r.lower(provider)
	r.closeName()
	r.key.Value(usage.GenAI)
	r.value(firstOf(v.text(responseModel), v.text(requestModel)))
	r.value(operation)
	r.dimensions(&r.x.providers.compiled)
	record, _ := r.record(s, r.outcome(s.Status(), consumed))
	record.RequestBytes, record.ResponseBytes = r.sizes()
	record.Inference = r.Batch.AddInference(r.reportedInference(provider))
	r.inferences = append(r.inferences, r.relative(s, r.Batch.Add(record, r.spanKey(s, &record))))
}

// reportedInference reads tokens and time to first token.
func (r *Reading) reportedInference(provider string) usage.Inference {
	call := usage.Inference{Tokens: r.tokens(provider), TimeToFirstToken: -1}
	if ns, ok := r.values.nanoseconds(timeToFirstToken); ok {
		call.TimeToFirstToken, call.Bucket = ns, r.x.layout.Bucket(ns)
	}
	return call
}

// isAggregate says whether an operation is one that contains inference calls
// instead of being one (GenAI conventions, gen_ai.operation.name, and the
// values that frameworks added).
func isAggregate(operation string) bool {
	switch operation {
	case "invoke_agent", "invoke_workflow", "create_agent", "execute_tool", "plan",
		"create_memory", "search_memory", "update_memory", "upsert_memory", "delete_memory",
		"create_memory_store", "delete_memory_store",
		"fetch_response", "framework", "orchestrate_tools", "agent_step":
		return true
	default:
		return false
	}
}
