// Package checkout takes orders: it reserves stock, charges the card, stores the order and announces it.
package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/otelusage/usageprocessor/examples/shop/internal/broker"
	"github.com/otelusage/usageprocessor/examples/shop/internal/database"
	"github.com/otelusage/usageprocessor/examples/shop/internal/inventory"
	"github.com/otelusage/usageprocessor/examples/shop/internal/payment"
	"github.com/otelusage/usageprocessor/examples/shop/internal/telemetry"
	"github.com/otelusage/usageprocessor/examples/shop/internal/web"
)

// Peers are what the service calls.
type Peers struct {
	Stock    *inventory.Client
	Payments *payment.Client
	Orders   *database.Table[Order]
	Placed   *broker.Producer
}

type service struct {
	Peers
	lastID atomic.Int64
}

// Handler serves POST /orders and GET /orders/{id}. Each route is instrumented by itself, inside the mux, which is
// what gives the spans their `http.route`.
func Handler(tel *telemetry.Telemetry, peers Peers) http.Handler {
	s := &service{Peers: peers}
	s.lastID.Store(1000)
	mux := http.NewServeMux()
	mux.Handle("POST /orders", web.Instrument(tel, web.Adapt(s.place)))
	mux.Handle("GET /orders/{id}", web.Instrument(tel, web.Adapt(s.show)))
	return mux
}

func (s *service) place(w http.ResponseWriter, r *http.Request) error {
	var order Order
	if err := web.ReadJSON(r, &order); err != nil {
		return err
	}
	if order.AmountCents <= 0 {
		return web.Errorf(http.StatusBadRequest, "amount must be positive")
	}
	if order.ID == "" {
		order.ID = fmt.Sprint(s.lastID.Add(1))
	}
	receipt, err := s.settle(r.Context(), order)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, Confirmation{Order: order.ID, Receipt: receipt.ID})
}

// settle has no compensation for a step that fails after another succeeded; a real shop needs one.
func (s *service) settle(ctx context.Context, order Order) (payment.Receipt, error) {
	if err := s.Stock.Reserve(ctx, order.SKU); err != nil {
		return payment.Receipt{}, web.Upstream(err)
	}
	receipt, err := s.Payments.Charge(ctx, payment.Charge{Order: order.ID, AmountCents: order.AmountCents})
	if err != nil {
		return payment.Receipt{}, web.Upstream(err)
	}
	if err := s.Orders.Insert(ctx, order.ID, order); err != nil {
		return payment.Receipt{}, fmt.Errorf("%w: %w", web.Errorf(http.StatusConflict, "order exists"), err)
	}
	return receipt, s.announce(ctx, order)
}

func (s *service) announce(ctx context.Context, order Order) error {
	body, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("encode order: %w", err)
	}
	return s.Placed.Send(ctx, order.ID, body)
}

func (s *service) show(w http.ResponseWriter, r *http.Request) error {
	order, err := s.Orders.Find(r.Context(), r.PathValue("id"))
	if errors.Is(err, database.ErrNoRows) {
		return web.Errorf(http.StatusNotFound, "no such order")
	}
	if err != nil {
		return err
	}
	return web.WriteJSON(w, order)
}
