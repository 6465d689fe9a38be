package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelusage/usageprocessor/examples/shop/internal/telemetry"
)

// HandlerFunc is a handler that leaves the error answer to Adapt.
type HandlerFunc func(http.ResponseWriter, *http.Request) error

// Adapt answers errors and panics in one place. It belongs inside the instrumentation, which otherwise would see
// a panic as a request without a status code.
func Adapt(fn HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer recoverPanic(w, r)
		if err := fn(w, r); err != nil {
			fail(w, r, err)
		}
	})
}

// Instrument makes one SERVER span per request. Around a whole mux it also sees requests that match no route, but
// names the route only in the span name; around a single handler it sets `http.route` too.
func Instrument(tel *telemetry.Telemetry, h http.Handler) http.Handler {
	return otelhttp.NewHandler(h, "",
		otelhttp.WithTracerProvider(tel.TracerProvider()),
		otelhttp.WithPropagators(tel.Propagator()),
	)
}

// ReadJSON answers malformed bodies with 400.
func ReadJSON(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return Errorf(http.StatusBadRequest, "malformed body: %v", err)
	}
	return nil
}

// WriteJSON answers 200.
func WriteJSON(w http.ResponseWriter, body any) error {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

func recoverPanic(w http.ResponseWriter, r *http.Request) {
	if cause := recover(); cause != nil {
		fail(w, r, fmt.Errorf("panic: %v", cause))
	}
}

func fail(w http.ResponseWriter, r *http.Request, err error) {
	code := statusOf(r.Context(), err)
	if code >= http.StatusInternalServerError {
		trace.SpanFromContext(r.Context()).RecordError(err)
	}
	http.Error(w, err.Error(), code)
}

func statusOf(ctx context.Context, err error) int {
	if errors.Is(ctx.Err(), context.Canceled) {
		return StatusClientClosedRequest
	}
	var status *StatusError
	if errors.As(err, &status) {
		return status.Code
	}
	return http.StatusInternalServerError
}
