package broker

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
)

// Consumer processes a topic for one service.
type Consumer struct {
	topic      *Topic
	group      string
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
}

// NewConsumer takes the tracer of the service that consumes.
func NewConsumer(topic *Topic, group string, tracer trace.Tracer, propagator propagation.TextMapPropagator) *Consumer {
	return &Consumer{topic: topic, group: group, tracer: tracer, propagator: propagator}
}

// Consume returns once the topic is closed and empty. A message whose handler fails is dropped, as with a consumer
// that commits its offset either way; the failure is on the span.
func (c *Consumer) Consume(ctx context.Context, handle func(context.Context, Message) error) {
	for msg := range c.topic.messages {
		c.process(ctx, msg, handle)
	}
}

func (c *Consumer) process(ctx context.Context, msg Message, handle func(context.Context, Message) error) {
	ctx = c.propagator.Extract(ctx, propagation.MapCarrier(msg.Headers))
	attributes := c.topic.attributes(msg, "process", semconv.MessagingOperationTypeProcess)
	ctx, span := c.tracer.Start(ctx, "process "+c.topic.name,
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(append(attributes, semconv.MessagingConsumerGroupName(c.group))...),
		trace.WithLinks(trace.LinkFromContext(ctx)),
	)
	defer span.End()

	if err := handle(ctx, msg); err != nil {
		span.RecordError(err)
		_ = record(span, err)
	}
}
