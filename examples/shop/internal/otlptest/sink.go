// Package otlptest is an OTLP receiver that keeps what it gets, for tests of what really goes over the wire.
package otlptest

import (
	"context"
	"net"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
)

// Sink listens on a free loopback port until the test ends.
type Sink struct {
	collector.UnimplementedTraceServiceServer
	address string

	mu    sync.Mutex
	spans []Span
}

// Start fails the test if it cannot listen.
func Start(t *testing.T) *Sink {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sink := &Sink{address: listener.Addr().String()}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, sink)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		server.Stop()
		serving.Wait()
	})
	return sink
}

// Address is host:port.
func (s *Sink) Address() string { return s.address }

// Spans returns a copy of all spans so far.
func (s *Sink) Spans() []Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Span(nil), s.spans...)
}

// Export implements the OTLP service.
func (s *Sink) Export(_ context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range req.GetResourceSpans() {
		service := attributesOf(resource.GetResource().GetAttributes())["service.name"]
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				s.spans = append(s.spans, newSpan(service, scope.GetScope().GetName(), span))
			}
		}
	}
	return new(collector.ExportTraceServiceResponse), nil
}

func newSpan(service, scope string, span *tracepb.Span) Span {
	return Span{
		ID:         string(span.GetSpanId()),
		ParentID:   string(span.GetParentSpanId()),
		Service:    service,
		Scope:      scope,
		Name:       span.GetName(),
		Kind:       span.GetKind(),
		Status:     span.GetStatus().GetCode(),
		Attributes: attributesOf(span.GetAttributes()),
	}
}
