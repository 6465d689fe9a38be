package app

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/otelusage/usageprocessor/examples/shop/internal/assistant"
	"github.com/otelusage/usageprocessor/examples/shop/internal/broker"
	"github.com/otelusage/usageprocessor/examples/shop/internal/checkout"
	"github.com/otelusage/usageprocessor/examples/shop/internal/database"
	"github.com/otelusage/usageprocessor/examples/shop/internal/fulfilment"
	"github.com/otelusage/usageprocessor/examples/shop/internal/inventory"
	"github.com/otelusage/usageprocessor/examples/shop/internal/llm"
	"github.com/otelusage/usageprocessor/examples/shop/internal/payment"
	"github.com/otelusage/usageprocessor/examples/shop/internal/storefront"
	"github.com/otelusage/usageprocessor/examples/shop/internal/telemetry"
	"github.com/otelusage/usageprocessor/examples/shop/internal/web"
)

// start goes from the called to the callers.
func (a *App) start(ctx context.Context) error {
	third, err := a.startThirdParties()
	if err != nil {
		return err
	}
	orders := database.NewRows(map[string]checkout.Order{"1": {ID: "1", SKU: "3", AmountCents: 100}})
	placed := broker.NewTopic("orders", topicCapacity)

	stockAddress, err := a.startInventory(ctx)
	if err != nil {
		return err
	}
	if err := a.startFulfilment(ctx, placed, orders); err != nil {
		return err
	}
	checkoutURL, err := a.startCheckout(ctx, stockAddress, third, placed, orders)
	if err != nil {
		return err
	}
	assistantURL, err := a.startAssistant(ctx, stockAddress, third)
	if err != nil {
		return err
	}
	return a.startStorefront(ctx, stockAddress, checkoutURL, assistantURL)
}

func (a *App) startInventory(ctx context.Context) (string, error) {
	tel, err := a.telemetry(ctx, "inventory")
	if err != nil {
		return "", err
	}
	server, err := inventory.Start(tel, stock())
	if err != nil {
		return "", err
	}
	a.onStop(server.Stop)
	return server.Address(), nil
}

func (a *App) startFulfilment(ctx context.Context, placed *broker.Topic, orders *database.Rows[checkout.Order]) error {
	tel, err := a.telemetry(ctx, "fulfilment")
	if err != nil {
		return err
	}
	worker := fulfilment.NewWorker(database.Open(database.New(tel.Tracer(), "shop"), "orders", orders))
	consumer := broker.NewConsumer(placed, "fulfilment", tel.Tracer(), tel.Propagator())
	var consuming sync.WaitGroup
	consuming.Go(func() {
		// The worker ends with the topic, not with the context, so that what was ordered is shipped.
		consumer.Consume(context.WithoutCancel(ctx), worker.Handle)
	})
	a.onStop(func(context.Context) error {
		placed.Close()
		consuming.Wait()
		return nil
	})
	return nil
}

func (a *App) startCheckout(
	ctx context.Context, stockAddress string, third thirdParties, placed *broker.Topic, orders *database.Rows[checkout.Order],
) (string, error) {
	tel, err := a.telemetry(ctx, "checkout")
	if err != nil {
		return "", err
	}
	stock, err := a.inventoryClient(tel, stockAddress)
	if err != nil {
		return "", err
	}
	payments := payment.NewClient(tel, third.payments)
	a.onClose(payments.Close)
	return a.serve(checkout.Handler(tel, checkout.Peers{
		Stock:    stock,
		Payments: payments,
		Orders:   database.Open(database.New(tel.Tracer(), "shop"), "orders", orders),
		Placed:   broker.NewProducer(placed, tel.Tracer(), tel.Propagator()),
	}))
}

func (a *App) startAssistant(ctx context.Context, stockAddress string, third thirdParties) (string, error) {
	tel, err := a.telemetry(ctx, "assistant")
	if err != nil {
		return "", err
	}
	stock, err := a.inventoryClient(tel, stockAddress)
	if err != nil {
		return "", err
	}
	primary := llm.NewClient(tel.Tracer(), "openai", "gpt-5", third.openai)
	fallback := llm.NewClient(tel.Tracer(), "anthropic", "claude-sonnet-4-5", third.anthropic)
	a.onClose(primary.Close)
	a.onClose(fallback.Close)
	return a.serve(assistant.Handler(tel, assistant.Peers{Primary: primary, Fallback: fallback, Stock: stock}))
}

func (a *App) startStorefront(ctx context.Context, stockAddress, checkoutURL, assistantURL string) error {
	tel, err := a.telemetry(ctx, "storefront")
	if err != nil {
		return err
	}
	stock, err := a.inventoryClient(tel, stockAddress)
	if err != nil {
		return err
	}
	toCheckout := web.NewClient(tel, "checkout", checkoutURL)
	toAssistant := web.NewClient(tel, "assistant", assistantURL)
	a.onClose(toCheckout.Close)
	a.onClose(toAssistant.Close)
	products := database.NewRows(catalogue())
	a.url, err = a.serve(storefront.Handler(tel, storefront.Peers{
		Products:  database.Open(database.New(tel.Tracer(), "shop"), "products", products),
		Stock:     stock,
		Checkout:  toCheckout,
		Assistant: toAssistant,
	}))
	return err
}

func (a *App) inventoryClient(tel *telemetry.Telemetry, address string) (*inventory.Client, error) {
	client, err := inventory.NewClient(tel, address)
	if err != nil {
		return nil, err
	}
	a.onStop(func(context.Context) error {
		if err := client.Close(); err != nil {
			return fmt.Errorf("close inventory client: %w", err)
		}
		return nil
	})
	return client, nil
}

func (a *App) serve(handler http.Handler) (string, error) {
	server, err := web.Start(handler)
	if err != nil {
		return "", err
	}
	a.onStop(server.Stop)
	return server.URL(), nil
}

func (a *App) onClose(closeIdle func()) {
	a.onStop(func(context.Context) error {
		closeIdle()
		return nil
	})
}
