// Package telemetry gives every service of the shop an OpenTelemetry SDK of its own, as if each were a process of
// its own. Nothing is registered globally, so that services in one process cannot mix up their resources.
package telemetry

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
)

const (
	scopeName = "github.com/otelusage/usageprocessor/examples/shop"
	// batchDelay is below the SDK's 5 s so that the usage tables follow the traffic closely.
	batchDelay = time.Second
)

// Telemetry is the SDK of one service.
type Telemetry struct {
	service  string
	provider *sdktrace.TracerProvider
}

// New owns exporter: Shutdown flushes and closes it.
func New(service string, exporter sdktrace.SpanExporter) *Telemetry {
	res := resource.NewWithAttributes(semconv.SchemaURL,
		semconv.ServiceNamespace("shop"),
		semconv.ServiceName(service),
	)
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(res),
		sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(batchDelay)),
	)
	return &Telemetry{service: service, provider: provider}
}

// TracerProvider is what instrumentation libraries ask for.
func (t *Telemetry) TracerProvider() trace.TracerProvider { return t.provider }

// Tracer is for the spans that the shop makes by hand.
func (t *Telemetry) Tracer() trace.Tracer { return t.provider.Tracer(scopeName) }

// Propagator carries the trace across HTTP, gRPC and message headers.
func (t *Telemetry) Propagator() propagation.TextMapPropagator {
	return propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
}

// Shutdown delivers what is still buffered; without it the last second of spans would be lost.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("flush telemetry of %s: %w", t.service, err)
	}
	return nil
}
