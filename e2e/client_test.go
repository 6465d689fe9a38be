package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// client sends a batch once and returns nil if it was acknowledged. None of
// them repeats anything by itself.
type client interface {
	send(ctx context.Context, td ptrace.Traces) error
}

const sendDeadline = 10 * time.Second

type grpcClient struct{ export ptraceotlp.GRPCClient }

func newGRPCClient(t *testing.T, port int) client {
	t.Helper()
	conn, err := grpc.NewClient(address(port),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDisableRetry(),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 10 * time.Millisecond, MaxDelay: 50 * time.Millisecond}, MinConnectTimeout: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return grpcClient{ptraceotlp.NewGRPCClient(conn)}
}

func (c grpcClient) send(ctx context.Context, td ptrace.Traces) error {
	ctx, cancel := context.WithTimeout(ctx, sendDeadline)
	defer cancel()
	_, err := c.export.Export(ctx, ptraceotlp.NewExportRequestFromTraces(td))
	return err
}

type httpClient struct {
	http *http.Client
	url  string
	json bool
}

func newHTTPClient(t *testing.T, port int, json bool) client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return httpClient{&http.Client{Transport: transport, Timeout: sendDeadline}, "http://" + address(port) + "/v1/traces", json}
}

func (c httpClient) send(ctx context.Context, td ptrace.Traces) error {
	request := ptraceotlp.NewExportRequestFromTraces(td)
	marshal, kind := request.MarshalProto, "application/x-protobuf"
	if c.json {
		marshal, kind = request.MarshalJSON, "application/json"
	}
	body, err := marshal()
	if err != nil {
		return err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", kind)
	// Without it net/http would not repeat anything either.
	post.GetBody = nil
	response, err := c.http.Do(post)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return err
}

// clients are one of each kind.
func clients(t *testing.T, c *collector) []client {
	t.Helper()
	return []client{newGRPCClient(t, c.ports.grpc), newHTTPClient(t, c.ports.http, false), newHTTPClient(t, c.ports.http, true)}
}

// mustSend fails the test unless the batch is acknowledged.
func mustSend(t *testing.T, c client, td ptrace.Traces) {
	t.Helper()
	if err := c.send(t.Context(), td); err != nil {
		t.Fatalf("a batch was not acknowledged: %v", err)
	}
}
