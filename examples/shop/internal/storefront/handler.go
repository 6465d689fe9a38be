// Package storefront is what the shop's customers talk to.
package storefront

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/otelusage/usageprocessor/examples/shop/internal/database"
	"github.com/otelusage/usageprocessor/examples/shop/internal/fault"
	"github.com/otelusage/usageprocessor/examples/shop/internal/inventory"
	"github.com/otelusage/usageprocessor/examples/shop/internal/telemetry"
	"github.com/otelusage/usageprocessor/examples/shop/internal/web"
)

// Product is a row of the catalogue.
type Product struct {
	Name       string `json:"name"`
	PriceCents int    `json:"price_cents"`
}

// Peers are what the service calls.
type Peers struct {
	Products  *database.Table[Product]
	Stock     *inventory.Client
	Checkout  *web.Client
	Assistant *web.Client
}

type service struct {
	Peers
	searchLimit *fault.Schedule
	broken      *fault.Schedule
}

// Handler instruments the whole mux at once, as otelhttp's documentation does: unknown paths are seen too, and the
// route is only in the span name.
func Handler(tel *telemetry.Telemetry, peers Peers) http.Handler {
	s := &service{
		Peers:       peers,
		searchLimit: fault.New(fault.Rule{Every: 3, Status: http.StatusTooManyRequests}),
		broken:      fault.New(fault.Rule{Every: 2, Status: http.StatusInternalServerError}),
	}
	mux := http.NewServeMux()
	mux.Handle("GET /products", web.Adapt(s.list))
	mux.Handle("GET /products/{id}", web.Adapt(s.product))
	mux.Handle("GET /search", web.Adapt(s.search))
	mux.Handle("GET /recommendations", web.Adapt(s.recommend))
	mux.Handle("GET /orders/{id}", web.Adapt(s.order))
	mux.Handle("POST /checkout", web.Adapt(relay(peers.Checkout, "/orders")))
	mux.Handle("POST /assistant", web.Adapt(relay(peers.Assistant, "/ask")))
	return web.Instrument(tel, mux)
}

func (s *service) list(w http.ResponseWriter, r *http.Request) error {
	ids, err := s.Products.IDs(r.Context())
	if err != nil {
		return err
	}
	return web.WriteJSON(w, ids)
}

func (s *service) product(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	row, err := s.Products.Find(r.Context(), id)
	if errors.Is(err, database.ErrNoRows) {
		return web.Errorf(http.StatusNotFound, "no such product")
	}
	if err != nil {
		return err
	}
	count, err := s.Stock.Stock(r.Context(), id)
	if err != nil {
		return web.Upstream(err)
	}
	return web.WriteJSON(w, struct {
		Product
		Stock int64 `json:"stock"`
	}{row, count})
}

func (s *service) search(w http.ResponseWriter, r *http.Request) error {
	if code := s.searchLimit.Next(); code != 0 {
		return web.Errorf(code, "slow down")
	}
	return s.list(w, r)
}

// recommend fails by panic, to show what an unhandled exception looks like in the usage.
func (s *service) recommend(w http.ResponseWriter, r *http.Request) error {
	if s.broken.Next() != 0 {
		panic("recommendations: index out of date")
	}
	return s.list(w, r)
}

func (s *service) order(w http.ResponseWriter, r *http.Request) error {
	var order json.RawMessage
	if err := s.Checkout.Get(r.Context(), "/orders/"+r.PathValue("id"), &order); err != nil {
		return web.Upstream(err)
	}
	return web.WriteJSON(w, order)
}

// relay hands the body on and the answer back.
func relay(peer *web.Client, path string) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in, out json.RawMessage
		if err := web.ReadJSON(r, &in); err != nil {
			return err
		}
		if err := peer.Post(r.Context(), path, in, &out); err != nil {
			return web.Upstream(err)
		}
		return web.WriteJSON(w, out)
	}
}
