// Command shop is a small web shop with assistant, instrumented with the OpenTelemetry SDK: traffic to meter.
// All of it runs on loopback; spans go to an OTLP receiver.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/otelusage/usageprocessor/examples/shop/internal/app"
	"github.com/otelusage/usageprocessor/examples/shop/internal/load"
)

// stopTimeout bounds shutdown and the last flush, so that a dead receiver cannot hold the shop up.
const stopTimeout = 5 * time.Second

func main() {
	endpoint := flag.String("endpoint", "127.0.0.1:4317", "OTLP/gRPC receiver, host:port")
	rate := flag.Int("rate", 20, "requests per second, 1 to 50")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *endpoint, *rate)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string, rate int) error {
	shop, err := app.Start(ctx, otlp(endpoint))
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	fmt.Printf("shop: open at %s, spans go to %s, %d requests per second\n", shop.URL(), endpoint, rate)

	customers := load.New(shop.URL())
	loadErr := customers.Run(ctx, rate)
	customers.Close()
	fmt.Printf("shop: closing after %s\n", customers.Tally())

	// The context has ended; the flush needs one of its own.
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(loadErr, shop.Stop(flush))
}

func otlp(endpoint string) app.ExporterFunc {
	return func(ctx context.Context, _ string) (sdktrace.SpanExporter, error) {
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure())
	}
}
