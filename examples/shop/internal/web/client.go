package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelusage/usageprocessor/examples/shop/internal/telemetry"
)

const maxErrorText = 512

// Client calls one peer and makes one CLIENT span per attempt.
type Client struct {
	base      string
	transport *http.Transport
	http      *http.Client
}

// NewClient names the peer in `service.peer.name`: on loopback, and often in clusters, the host says nothing.
func NewClient(tel *telemetry.Telemetry, peer, base string) *Client {
	transport := &http.Transport{}
	instrumented := otelhttp.NewTransport(transport,
		otelhttp.WithTracerProvider(tel.TracerProvider()),
		otelhttp.WithPropagators(tel.Propagator()),
		otelhttp.WithSpanOptions(trace.WithAttributes(semconv.ServicePeerName(peer))),
	)
	return &Client{base: base, transport: transport, http: &http.Client{Transport: instrumented}}
}

// Post sends and receives JSON; any status of 400 and above is a *StatusError.
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("build request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	return c.do(req, out)
}

// Get receives JSON; any status of 400 and above is a *StatusError.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("build request: %w", err)
	}
	return c.do(req, out)
}

// Close releases idle connections, which would hold up the peer's shutdown.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

func (c *Client) do(req *http.Request, out any) error {
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("call: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorText))
		return Errorf(resp.StatusCode, "%s", strings.TrimSpace(string(text)))
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}
