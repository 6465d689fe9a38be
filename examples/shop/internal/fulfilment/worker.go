// Package fulfilment ships what was ordered: a service without HTTP, whose endpoint is a topic.
package fulfilment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/otelusage/usageprocessor/examples/shop/internal/broker"
	"github.com/otelusage/usageprocessor/examples/shop/internal/checkout"
	"github.com/otelusage/usageprocessor/examples/shop/internal/database"
)

// FragileSKU is sold but cannot be shipped, so that processing fails now and then.
const FragileSKU = "2"

var errFragile = errors.New("no box for this product")

// Worker removes shipped orders, which also keeps the table small however long the shop runs.
type Worker struct {
	orders *database.Table[checkout.Order]
}

// NewWorker takes the table through the service's own connection.
func NewWorker(orders *database.Table[checkout.Order]) *Worker { return &Worker{orders: orders} }

// Handle processes one message.
func (w *Worker) Handle(ctx context.Context, msg broker.Message) error {
	var order checkout.Order
	if err := json.Unmarshal(msg.Body, &order); err != nil {
		return fmt.Errorf("decode order %s: %w", msg.Key, err)
	}
	if err := w.orders.Delete(ctx, order.ID); err != nil {
		return fmt.Errorf("ship order %s: %w", order.ID, err)
	}
	if order.SKU == FragileSKU {
		return fmt.Errorf("ship order %s: %w", order.ID, errFragile)
	}
	return nil
}
