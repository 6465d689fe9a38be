package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/otelusage/usageprocessor/examples/shop/internal/web"
)

// Client talks to one model. Its HTTP transport is not instrumented, as with most model SDKs: the inference span
// is the only span of a call.
type Client struct {
	provider  string
	model     string
	base      string
	tracer    trace.Tracer
	transport *http.Transport
	http      *http.Client
}

// NewClient takes the provider's name as the conventions spell it.
func NewClient(tracer trace.Tracer, provider, model, base string) *Client {
	transport := &http.Transport{}
	return &Client{
		provider: provider, model: model, base: base, tracer: tracer,
		transport: transport, http: &http.Client{Transport: transport},
	}
}

// Close releases idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Chat is one attempt and one CLIENT span; retries are the caller's, so that each attempt shows.
func (c *Client) Chat(ctx context.Context, conversation, system, prompt string) (Reply, error) {
	ctx, span := c.startSpan(ctx, conversation)
	defer span.End()

	reply, firstChunk, err := c.stream(ctx, Request{Model: c.model, System: system, Prompt: prompt})
	if err != nil {
		recordError(span, err)
		return Reply{}, err
	}
	recordReply(span, reply, firstChunk)
	return reply, nil
}

func (c *Client) stream(ctx context.Context, in Request) (Reply, time.Duration, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return Reply{}, 0, fmt.Errorf("encode request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/chat", bytes.NewReader(body))
	if err != nil {
		return Reply{}, 0, fmt.Errorf("build request: %w", err)
	}
	sent := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return Reply{}, 0, fmt.Errorf("call model: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Reply{}, 0, web.Errorf(resp.StatusCode, "%s", resp.Status)
	}
	return collect(resp.Body, sent)
}

// collect reads the stream to its end and measures the time to its first chunk.
func collect(body io.Reader, sent time.Time) (Reply, time.Duration, error) {
	var reply Reply
	var firstChunk time.Duration
	in := json.NewDecoder(body)
	for {
		var next chunk
		if err := in.Decode(&next); errors.Is(err, io.EOF) {
			return reply, firstChunk, nil
		} else if err != nil {
			return Reply{}, 0, fmt.Errorf("read stream: %w", err)
		}
		if firstChunk == 0 {
			firstChunk = time.Since(sent)
		}
		reply.ID, reply.Model = next.ID, next.Model
		reply.Text += next.Text
		if next.Usage != nil {
			reply.Usage = *next.Usage
		}
	}
}
