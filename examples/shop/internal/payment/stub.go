// Package payment is a third party without telemetry: the shop only knows it as a provider. Its client belongs to
// the checkout.
package payment

import (
	"net/http"

	"github.com/otelusage/usageprocessor/examples/shop/internal/fault"
	"github.com/otelusage/usageprocessor/examples/shop/internal/web"
)

// declinedAbove is the card's limit.
const declinedAbove = 100_000

// Charge is the request.
type Charge struct {
	Order       string `json:"order"`
	AmountCents int    `json:"amount_cents"`
}

// Receipt is the answer.
type Receipt struct {
	ID string `json:"id"`
}

// Handler throttles every 5th charge and is down for every 8th; large amounts are declined.
func Handler() http.Handler {
	faults := fault.New(
		fault.Rule{Every: 5, Status: http.StatusTooManyRequests},
		fault.Rule{Every: 8, Status: http.StatusServiceUnavailable},
	)
	mux := http.NewServeMux()
	mux.Handle("POST /charges", web.Adapt(func(w http.ResponseWriter, r *http.Request) error {
		var charge Charge
		if err := web.ReadJSON(r, &charge); err != nil {
			return err
		}
		if charge.AmountCents > declinedAbove {
			return web.Errorf(http.StatusPaymentRequired, "card declined")
		}
		if code := faults.Next(); code != 0 {
			return web.Errorf(code, "try again")
		}
		return web.WriteJSON(w, Receipt{ID: "receipt-" + charge.Order})
	}))
	return mux
}
