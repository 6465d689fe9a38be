package main

import (
	"context"
	"testing"
	"time"

	"github.com/otelusage/usageprocessor/examples/shop/internal/otlptest"
)

// TestRunFlushes ends the shop well before the SDK would send by itself.
func TestRunFlushes(t *testing.T) {
	sink := otlptest.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := run(ctx, sink.Address(), 50); err != nil {
		t.Fatal(err)
	}
	if len(sink.Spans()) == 0 {
		t.Error("no spans after the flush")
	}
}

func TestRunRefusesRate(t *testing.T) {
	if err := run(t.Context(), "127.0.0.1:1", 0); err == nil {
		t.Error("rate 0 is accepted")
	}
}
