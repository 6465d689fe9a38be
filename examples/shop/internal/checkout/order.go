package checkout

// Order is what a customer buys; it is also the table's row and the message.
type Order struct {
	ID          string `json:"id"`
	SKU         string `json:"sku"`
	AmountCents int    `json:"amount_cents"`
}

// Confirmation is the answer to a placed order.
type Confirmation struct {
	Order   string `json:"order"`
	Receipt string `json:"receipt"`
}
