package app

import (
	"context"
	"strconv"
	"testing"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/otelusage/usageprocessor/examples/shop/internal/load"
	"github.com/otelusage/usageprocessor/examples/shop/internal/otlptest"
)

// TestSpans checks on the wire that the shop makes each kind of usage there is to meter.
func TestSpans(t *testing.T) {
	spans := trade(t, 6)
	for name, want := range expectations() {
		t.Run(name, func(t *testing.T) {
			if count(spans, want) == 0 {
				t.Errorf("no span like %+v", want)
			}
		})
	}
	t.Run("agent repeats the sum of its calls", func(t *testing.T) { checkAgents(t, spans) })
	t.Run("uninstrumented third parties make no spans", func(t *testing.T) {
		for _, span := range spans {
			if !isService(span.Service) {
				t.Errorf("span of %q", span.Service)
			}
		}
	})
}

type expectation struct {
	service string
	kind    tracepb.Span_SpanKind
	name    string
	status  tracepb.Status_StatusCode
	has     []string
}

func count(spans []otlptest.Span, want expectation) int {
	n := 0
	for _, span := range spans {
		if span.Service == want.service && span.Kind == want.kind && span.Name == want.name &&
			span.Status == want.status && span.Has(want.has...) {
			n++
		}
	}
	return n
}

// trade runs the shop for some rounds and returns all spans, which are complete because Stop flushes.
func trade(t *testing.T, rounds int) []otlptest.Span {
	t.Helper()
	sink := otlptest.Start(t)
	shop, err := Start(t.Context(), func(ctx context.Context, _ string) (sdktrace.SpanExporter, error) {
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(sink.Address()), otlptracegrpc.WithInsecure())
	})
	if err != nil {
		t.Fatal(err)
	}
	customers := load.New(shop.URL())
	for round := range rounds {
		customers.Round(t.Context(), round)
	}
	customers.Close()
	if err := shop.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return sink.Spans()
}

func checkAgents(t *testing.T, spans []otlptest.Span) {
	t.Helper()
	const input = "gen_ai.usage.input_tokens"
	called := make(map[string]int)
	for _, span := range spans {
		if span.Has("gen_ai.operation.name=chat", input+"=*") {
			called[span.ParentID] += number(t, span.Attributes[input])
		}
	}
	agents := 0
	for _, span := range spans {
		if span.Name != "invoke_agent shop-assistant" || span.Status == tracepb.Status_STATUS_CODE_ERROR {
			continue
		}
		agents++
		if got := number(t, span.Attributes[input]); got == 0 || got != called[span.ID] {
			t.Errorf("agent reports %d input tokens, its calls %d", got, called[span.ID])
		}
	}
	if agents == 0 {
		t.Error("no agent run succeeded")
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func isService(name string) bool {
	switch name {
	case "storefront", "checkout", "inventory", "fulfilment", "assistant":
		return true
	}
	return false
}
