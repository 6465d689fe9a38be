// Package broker stands in for Kafka: a topic is a bounded queue in memory, while the spans are those that an
// instrumented client makes under the current messaging conventions.
package broker

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
)

// ErrFull is returned instead of blocking: a slow consumer must not stall the checkout.
var ErrFull = errors.New("topic is full")

// Message is one record; Headers carry the trace context.
type Message struct {
	Key     string
	Body    []byte
	Headers map[string]string
}

// Topic has one consumer group at most.
type Topic struct {
	name     string
	messages chan Message
}

// NewTopic bounds the number of messages that wait.
func NewTopic(name string, capacity int) *Topic {
	return &Topic{name: name, messages: make(chan Message, capacity)}
}

// Close ends Consume after the last message. Producers must have stopped.
func (t *Topic) Close() { close(t.messages) }

func (t *Topic) attributes(msg Message, operationName string, operationType attribute.KeyValue) []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.MessagingSystemKafka,
		semconv.MessagingDestinationName(t.name),
		semconv.MessagingOperationName(operationName),
		operationType,
		semconv.MessagingKafkaMessageKey(msg.Key),
		semconv.MessagingMessageBodySize(len(msg.Body)),
	}
}

// Producer publishes for one service.
type Producer struct {
	topic      *Topic
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
}

// NewProducer takes the tracer of the service that publishes.
func NewProducer(topic *Topic, tracer trace.Tracer, propagator propagation.TextMapPropagator) *Producer {
	return &Producer{topic: topic, tracer: tracer, propagator: propagator}
}

// Send makes one PRODUCER span.
func (p *Producer) Send(ctx context.Context, key string, body []byte) error {
	msg := Message{Key: key, Body: body, Headers: make(map[string]string)}
	ctx, span := p.tracer.Start(ctx, "send "+p.topic.name,
		trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(p.topic.attributes(msg, "send", semconv.MessagingOperationTypeSend)...),
	)
	defer span.End()
	p.propagator.Inject(ctx, propagation.MapCarrier(msg.Headers))

	select {
	case p.topic.messages <- msg:
		return nil
	default:
		return record(span, fmt.Errorf("send to %s: %w", p.topic.name, ErrFull))
	}
}

func record(span trace.Span, err error) error {
	span.SetStatus(codes.Error, err.Error())
	span.SetAttributes(semconv.ErrorType(err))
	return err
}
