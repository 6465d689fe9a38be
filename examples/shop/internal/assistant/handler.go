// Package assistant is the shop's chat service: HTTP in, language models and inventory out.
package assistant

import (
	"net/http"

	"github.com/otelusage/usageprocessor/examples/shop/internal/inventory"
	"github.com/otelusage/usageprocessor/examples/shop/internal/llm"
	"github.com/otelusage/usageprocessor/examples/shop/internal/telemetry"
	"github.com/otelusage/usageprocessor/examples/shop/internal/web"
)

type question struct {
	Conversation string `json:"conversation"`
	SKU          string `json:"sku"`
	Text         string `json:"text"`
}

type answer struct {
	Text string `json:"text"`
}

// Peers are what the service calls.
type Peers struct {
	Primary  *llm.Client
	Fallback *llm.Client
	Stock    *inventory.Client
}

// Handler serves POST /ask.
func Handler(tel *telemetry.Telemetry, peers Peers) http.Handler {
	agent := &agent{
		tracer: tel.Tracer(), primary: peers.Primary, fallback: peers.Fallback, stock: peers.Stock,
	}
	ask := web.Adapt(func(w http.ResponseWriter, r *http.Request) error {
		var q question
		if err := web.ReadJSON(r, &q); err != nil {
			return err
		}
		text, err := agent.ask(r.Context(), q)
		if err != nil {
			return web.Upstream(err)
		}
		return web.WriteJSON(w, answer{Text: text})
	})
	mux := http.NewServeMux()
	mux.Handle("POST /ask", web.Instrument(tel, ask))
	return mux
}
