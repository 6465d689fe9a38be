package extract

import (
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// saysInference says whether a record is about generative AI at all.
func (r *Reading) saysInference() bool {
	v := &r.values
	return v.has(dialect.GenAIOperation) || v.has(dialect.GenAIProvider) || v.has(dialect.RequestModel)
}

// inference meters a span of a call to a model. Spans around such calls (agents,
// workflows, tools) repeat the sums of what is below them: their role says so.
func (r *Reading) inference(s ptrace.Span) {
	c := r.inferenceCall(dialect.Rules{})
	source := r.inferenceSource(channel{family: r.x.families[usage.GenAI], signal: usage.Traces}, &c)
	record, _ := r.record(s, r.outcome(s.Status(), consumed), source)
	record.RequestBytes, record.ResponseBytes = r.sizes()
	record.Inference = r.Batch.AddInference(c)
	n := r.Batch.Add(record, r.spanKey(s, &record))
	r.touch(n, usage.Provider, &record, s.EndTimestamp())
	r.relateInference(s, n, &c)
}

// inferenceSource is the channel of an inference call. One that says nothing of
// tokens cannot stand for those that would.
func (r *Reading) inferenceSource(from channel, c *usage.Inference) int32 {
	from.family = r.inferenceFamily(from.family)
	from.weak = c.Tokens == [usage.TokenTypes]int64{} && c.Cost == 0
	return r.source(usage.Provider, from)
}

// inferenceCall writes the identity of a call to a model and reads what only such
// calls report.
func (r *Reading) inferenceCall(rules dialect.Rules) usage.Inference {
	provider := r.inferenceKey(rules)
	call := usage.Inference{Tokens: r.tokens(provider, rules.Tokens), TimeToFirstToken: -1}
	if ns, ok := r.values.scaled(dialect.TimeToFirstToken); ok {
		call.TimeToFirstToken, call.Bucket = ns, r.x.layout.Bucket(ns)
	}
	r.cost(&call, provider)
	return call
}

// inferenceKey writes the identity of a call to a model and returns its provider.
func (r *Reading) inferenceKey(rules dialect.Rules) (provider string) {
	v := &r.values
	asked, gave := stated(v.text(dialect.RequestModel)), stated(v.text(dialect.ResponseModel))
	if rules.Provider == "" && r.scopeRules != nil {
		rules.Provider = r.scopeRules.Provider
	}
	provider = r.inferenceProvider(firstOf(gave, asked), rules.Provider)
	r.key.Reset(r.x.providers.schema)
	r.key.Value(r.service)
	r.key.Open()
	r.lower(provider)
	r.closeName()
	r.key.Value(usage.GenAI)
	r.value(firstOf(gave, asked))
	r.value(firstOf(unquote(v.text(dialect.GenAIOperation)), rules.Operation))
	r.dimensions(&r.x.providers)
	return provider
}
