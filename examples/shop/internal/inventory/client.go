package inventory

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/otelusage/usageprocessor/examples/shop/internal/telemetry"
	"github.com/otelusage/usageprocessor/examples/shop/internal/wait"
	"github.com/otelusage/usageprocessor/examples/shop/internal/web"
)

const (
	maxAttempts = 3
	retryDelay  = 10 * time.Millisecond
)

// Client makes one CLIENT span per attempt. It retries by hand: grpc's own retries are invisible to a trace.
type Client struct {
	conn *grpc.ClientConn
}

// NewClient connects with the first call.
func NewClient(tel *telemetry.Telemetry, address string) (*Client, error) {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(
			otelgrpc.WithTracerProvider(tel.TracerProvider()),
			otelgrpc.WithPropagators(tel.Propagator()),
			otelgrpc.WithSpanAttributes(semconv.ServicePeerName("inventory")),
		)),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to inventory: %w", err)
	}
	return &Client{conn: conn}, nil
}

// Close waits for nothing.
func (c *Client) Close() error { return c.conn.Close() }

// Stock tells how many there are.
func (c *Client) Stock(ctx context.Context, sku string) (int64, error) {
	count := new(wrapperspb.Int64Value)
	if err := c.call(ctx, getStockMethod, sku, count); err != nil {
		return 0, err
	}
	return count.GetValue(), nil
}

// Reserve takes one from the shelf.
func (c *Client) Reserve(ctx context.Context, sku string) error {
	taken := new(wrapperspb.BoolValue)
	if err := c.call(ctx, reserveMethod, sku, taken); err != nil {
		return err
	}
	if !taken.GetValue() {
		return web.Errorf(http.StatusConflict, "product %s is sold out", sku)
	}
	return nil
}

func (c *Client) call(ctx context.Context, method, sku string, out proto.Message) error {
	var err error
	for attempt := range maxAttempts {
		if attempt > 0 && wait.For(ctx, retryDelay) != nil {
			break
		}
		if err = c.conn.Invoke(ctx, method, wrapperspb.String(sku), out); !transient(err) {
			break
		}
	}
	if err != nil {
		return asHTTP(err)
	}
	return nil
}

func transient(err error) bool {
	code := status.Code(err)
	return code == codes.ResourceExhausted || code == codes.Unavailable
}

// asHTTP lets the HTTP services above pass a failure on without knowing gRPC.
func asHTTP(err error) error {
	switch status.Code(err) {
	case codes.NotFound:
		return web.Errorf(http.StatusNotFound, "inventory: %s", status.Convert(err).Message())
	case codes.InvalidArgument:
		return web.Errorf(http.StatusBadRequest, "inventory: %s", status.Convert(err).Message())
	case codes.ResourceExhausted:
		return web.Errorf(http.StatusTooManyRequests, "inventory: %s", status.Convert(err).Message())
	default:
		return fmt.Errorf("inventory: %w", err)
	}
}
