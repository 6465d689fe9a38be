package llm

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
)

// startSpan names everything that is known before the answer, so that a failed call has an identity as well.
func (c *Client) startSpan(ctx context.Context, conversation string) (context.Context, trace.Span) {
	return c.tracer.Start(ctx, "chat "+c.model,
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(
			semconv.GenAIOperationNameChat,
			semconv.GenAIProviderNameKey.String(c.provider),
			semconv.GenAIRequestModel(c.model),
			semconv.GenAIRequestStream(true),
			semconv.GenAIConversationID(conversation),
		),
	)
}

func recordReply(span trace.Span, reply Reply, firstChunk time.Duration) {
	span.SetAttributes(
		semconv.GenAIResponseID(reply.ID),
		semconv.GenAIResponseModel(reply.Model),
		semconv.GenAIResponseFinishReasons("stop"),
		semconv.GenAIResponseTimeToFirstChunk(firstChunk.Seconds()),
	)
	span.SetAttributes(reply.Usage.Attributes()...)
}

// Attributes leaves out what is zero: absent and zero mean the same to a reader, and most providers do so.
func (u Usage) Attributes() []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		semconv.GenAIUsageInputTokens(u.Input),
		semconv.GenAIUsageOutputTokens(u.Output),
	}
	if u.CacheRead > 0 {
		attributes = append(attributes, semconv.GenAIUsageCacheReadInputTokens(u.CacheRead))
	}
	if u.CacheWrite > 0 {
		attributes = append(attributes, semconv.GenAIUsageCacheCreationInputTokens(u.CacheWrite))
	}
	if u.Reasoning > 0 {
		attributes = append(attributes, semconv.GenAIUsageReasoningOutputTokens(u.Reasoning))
	}
	return attributes
}

func recordError(span trace.Span, err error) {
	span.SetStatus(codes.Error, err.Error())
	span.SetAttributes(ErrorType(err))
}

// ErrorType names cancellation: the Go type of context.Canceled says nothing (*errors.errorString).
func ErrorType(err error) attribute.KeyValue {
	if errors.Is(err, context.Canceled) {
		return semconv.ErrorTypeKey.String("context.Canceled")
	}
	return semconv.ErrorType(err)
}
