package assistant

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelusage/usageprocessor/examples/shop/internal/inventory"
	"github.com/otelusage/usageprocessor/examples/shop/internal/llm"
	"github.com/otelusage/usageprocessor/examples/shop/internal/wait"
	"github.com/otelusage/usageprocessor/examples/shop/internal/web"
)

const (
	agentName    = "shop-assistant"
	systemPrompt = "You help the customers of a small shop. Be brief, name prices and stock, never invent products."
	retryDelay   = 30 * time.Millisecond
)

// agent plans with a model, looks at the shelf and answers with the model.
type agent struct {
	tracer   trace.Tracer
	primary  *llm.Client
	fallback *llm.Client
	stock    *inventory.Client
}

// ask wraps the whole run in an `invoke_agent` span that repeats the sum of its calls' tokens, as agent frameworks
// do. A meter that counts this span too counts every token twice.
func (a *agent) ask(ctx context.Context, q question) (string, error) {
	ctx, span := a.tracer.Start(ctx, "invoke_agent "+agentName, trace.WithAttributes(
		semconv.GenAIOperationNameInvokeAgent,
		semconv.GenAIProviderNameOpenAI,
		semconv.GenAIAgentName(agentName),
		semconv.GenAIConversationID(q.Conversation),
	))
	defer span.End()

	answer, usage, err := a.run(ctx, q)
	span.SetAttributes(usage.Attributes()...)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		span.SetAttributes(llm.ErrorType(err))
	}
	return answer, err
}

func (a *agent) run(ctx context.Context, q question) (string, llm.Usage, error) {
	plan, err := a.chat(ctx, q.Conversation, q.Text)
	if err != nil {
		return "", llm.Usage{}, err
	}
	count, err := a.lookUp(ctx, q.SKU)
	if err != nil {
		return "", plan.Usage, err
	}
	prompt := fmt.Sprintf("%s There are %d of product %s.", q.Text, count, q.SKU)
	answer, err := a.chat(ctx, q.Conversation, prompt)
	return answer.Text, plan.Usage.Plus(answer.Usage), err
}

// chat waits and retries when throttled, and fails over to the other provider when the first one is down.
func (a *agent) chat(ctx context.Context, conversation, prompt string) (llm.Reply, error) {
	reply, err := a.primary.Chat(ctx, conversation, systemPrompt, prompt)
	switch statusCode(err) {
	case http.StatusTooManyRequests:
		if err := wait.For(ctx, retryDelay); err != nil {
			return llm.Reply{}, err
		}
		return a.primary.Chat(ctx, conversation, systemPrompt, prompt)
	case http.StatusInternalServerError:
		return a.fallback.Chat(ctx, conversation, systemPrompt, prompt)
	default:
		return reply, err
	}
}

func (a *agent) lookUp(ctx context.Context, sku string) (int64, error) {
	ctx, span := a.tracer.Start(ctx, "execute_tool look_up_stock", trace.WithAttributes(
		semconv.GenAIOperationNameExecuteTool,
		semconv.GenAIToolName("look_up_stock"),
	))
	defer span.End()
	return a.stock.Stock(ctx, sku)
}

func statusCode(err error) int {
	var status *web.StatusError
	if errors.As(err, &status) {
		return status.Code
	}
	return 0
}
