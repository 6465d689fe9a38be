// Package inventory is the shop's gRPC service: stock levels and reservations.
package inventory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/otelusage/usageprocessor/examples/shop/internal/fault"
	"github.com/otelusage/usageprocessor/examples/shop/internal/telemetry"
	"github.com/otelusage/usageprocessor/examples/shop/internal/wait"
)

// slowAnswer is how long the warehouse takes to count a product that SlowSKU stands for. It is bounded, so that a
// caller with endless patience cannot hold up a shutdown.
const slowAnswer = time.Second

// SlowSKU exists so that there is something that callers give up on.
const SlowSKU = "9000"

// Server serves on a free loopback port.
type Server struct {
	grpc     *grpc.Server
	address  string
	serving  sync.WaitGroup
	serveErr error // written before serving is done, read after
}

// Start listens before it returns. Every 9th reservation is refused as too busy, every 14th as unavailable.
func Start(tel *telemetry.Telemetry, stock map[string]int64) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{address: listener.Addr().String()}
	s.grpc = grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler(
		otelgrpc.WithTracerProvider(tel.TracerProvider()),
		otelgrpc.WithPropagators(tel.Propagator()),
	)))
	s.grpc.RegisterService(serviceDesc(), &warehouse{
		stock: stock,
		faults: fault.New(
			fault.Rule{Every: 9, Status: int(codes.ResourceExhausted)},
			fault.Rule{Every: 14, Status: int(codes.Unavailable)},
		),
	})
	s.serving.Go(func() { s.serveErr = s.grpc.Serve(listener) })
	return s, nil
}

// Address is host:port.
func (s *Server) Address() string { return s.address }

// Stop lets running calls finish; past ctx it cuts them.
func (s *Server) Stop(ctx context.Context) error {
	cut := context.AfterFunc(ctx, s.grpc.Stop)
	defer cut()
	s.grpc.GracefulStop()
	s.serving.Wait()
	if err := errors.Join(ctx.Err(), s.serveErr); err != nil {
		return fmt.Errorf("stop inventory: %w", err)
	}
	return nil
}

type warehouse struct {
	stock  map[string]int64 // never written after Start
	faults *fault.Schedule
}

var _ service = (*warehouse)(nil)

func (w *warehouse) GetStock(ctx context.Context, sku *wrapperspb.StringValue) (*wrapperspb.Int64Value, error) {
	if sku.GetValue() == SlowSKU {
		if err := wait.For(ctx, slowAnswer); err != nil {
			return nil, status.FromContextError(err).Err()
		}
	}
	count, found := w.stock[sku.GetValue()]
	if !found {
		return nil, status.Errorf(codes.NotFound, "no product %q", sku.GetValue())
	}
	return wrapperspb.Int64(count), nil
}

func (w *warehouse) Reserve(_ context.Context, sku *wrapperspb.StringValue) (*wrapperspb.BoolValue, error) {
	if sku.GetValue() == "" {
		return nil, status.Error(codes.InvalidArgument, "empty product")
	}
	if code := w.faults.Next(); code != 0 {
		return nil, status.Error(codes.Code(code), "warehouse busy")
	}
	count, found := w.stock[sku.GetValue()]
	if !found {
		return nil, status.Errorf(codes.NotFound, "no product %q", sku.GetValue())
	}
	return wrapperspb.Bool(count > 0), nil
}
