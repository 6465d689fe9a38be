package load

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestRunIsBoundedByRateAndEndsWithContext(t *testing.T) {
	var served atomic.Int64
	shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	defer shop.Close()
	customers := New(shop.URL)
	defer customers.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := customers.Run(ctx, maxRate); err != nil {
		t.Fatal(err)
	}
	if got := served.Load(); got == 0 || got > 16 {
		t.Errorf("%d requests in 300 ms at %d per second", got, maxRate)
	}
}

func TestRunRefusesRates(t *testing.T) {
	for _, rate := range []int{-1, 0, maxRate + 1} {
		if err := New("http://127.0.0.1:0").Run(t.Context(), rate); err == nil || !strings.Contains(err.Error(), "between 1 and 50") {
			t.Errorf("rate %d: %v", rate, err)
		}
	}
}

func TestTally(t *testing.T) {
	status := http.StatusTeapot
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	customers := New(shop.URL)
	customers.send(t.Context(), get("/"))
	status = http.StatusOK
	customers.send(t.Context(), get("/"))
	shop.Close()
	customers.send(t.Context(), get("/"))
	customers.Close()

	if got, want := customers.Tally().String(), "3 requests: 1 2xx, 1 4xx, 1 gave up"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestScenariosVary(t *testing.T) {
	first, second := scenarios(0), scenarios(1)
	if len(first) != len(second) || first[1].path == second[1].path {
		t.Errorf("rounds %v and %v", first[1], second[1])
	}
}
