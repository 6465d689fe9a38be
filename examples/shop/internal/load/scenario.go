package load

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	catalogueSize = 20
	// patient is far beyond what any request takes.
	patient = 10 * time.Second
	// impatient is above what a healthy request takes and below what the slow ones do.
	impatient = 50 * time.Millisecond
)

// scenario is one customer's request.
type scenario struct {
	method   string
	path     string
	body     string
	patience time.Duration
}

// scenarios is one round of the shop's traffic: two thirds everyday requests, and one of everything that goes wrong.
// Only product and conversation change from round to round.
func scenarios(round int) []scenario {
	c := customer{sku: fmt.Sprint(1 + round%catalogueSize), conversation: fmt.Sprintf("conversation-%d", round/4)}
	return slices.Concat(c.everyday(), c.everyday(), c.unlucky())
}

// customer is who sends a round.
type customer struct {
	sku          string
	conversation string
}

func (c customer) everyday() []scenario {
	return []scenario{
		get("/products"),
		get("/products/" + c.sku),
		order(`{"sku":%q,"amount_cents":1999}`, c.sku),
		get("/search?q=tea"),
		c.ask("Do you have green tea, and what does it cost?"),
		get("/products/" + c.sku),
		order(`{"sku":%q,"amount_cents":4990}`, c.sku),
		get("/recommendations"),
		get("/orders/1"),
	}
}

// unlucky says at the end of each line who refuses.
func (c customer) unlucky() []scenario {
	const story = "Tell me a long story about tea, with all details of its history, its kinds and its customs."
	return []scenario{
		get("/products/404404"),                          // the catalogue
		get("/wp-login.php"),                             // the router
		order(`{"sku":"3","amount_cents":0}`),            // the checkout
		order(`{"sku":"777777","amount_cents":100}`),     // the inventory
		order(`{"sku":"3","amount_cents":200000}`),       // the payment provider
		order(`{"id":"1","sku":"3","amount_cents":100}`), // the database
		c.ask(""),                               // the model
		get("/products/9000").within(impatient), // the customer, waiting for the inventory
		c.ask(story).within(impatient),          // the customer, in the middle of the answer
	}
}

func (c customer) ask(text string) scenario {
	return post("/assistant", fmt.Sprintf(`{"conversation":%q,"sku":%q,"text":%q}`, c.conversation, c.sku, text))
}

func order(format string, args ...any) scenario {
	return post("/checkout", fmt.Sprintf(format, args...))
}

func get(path string) scenario {
	return scenario{method: http.MethodGet, path: path, patience: patient}
}

func post(path, body string) scenario {
	return scenario{method: http.MethodPost, path: path, body: body, patience: patient}
}

func (s scenario) within(patience time.Duration) scenario {
	s.patience = patience
	return s
}
