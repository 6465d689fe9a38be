package payment

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/otelusage/usageprocessor/examples/shop/internal/telemetry"
	"github.com/otelusage/usageprocessor/examples/shop/internal/wait"
	"github.com/otelusage/usageprocessor/examples/shop/internal/web"
)

const (
	maxAttempts = 4
	retryDelay  = 20 * time.Millisecond
)

// Client charges cards and retries what may pass.
type Client struct {
	http *web.Client
}

// NewClient makes spans for the service that tel belongs to.
func NewClient(tel *telemetry.Telemetry, base string) *Client {
	return &Client{http: web.NewClient(tel, "payments", base)}
}

// Close releases idle connections.
func (c *Client) Close() { c.http.Close() }

// Charge is safe to retry: the provider recognises an order that it has charged.
func (c *Client) Charge(ctx context.Context, charge Charge) (Receipt, error) {
	var receipt Receipt
	var err error
	for attempt := range maxAttempts {
		if attempt > 0 && wait.For(ctx, retryDelay) != nil {
			break
		}
		if err = c.http.Post(ctx, "/charges", charge, &receipt); !transient(err) {
			break
		}
	}
	return receipt, err
}

func transient(err error) bool {
	var status *web.StatusError
	return errors.As(err, &status) &&
		(status.Code == http.StatusTooManyRequests || status.Code == http.StatusServiceUnavailable)
}
