package e2e

import (
	"math/rand/v2"
	"strings"
	"time"
)

// trade is who calls what, how often an hour, and what each call is like.
type trade struct {
	kind, identity string // values between bars
	hourly         float64
	took           time.Duration
	bytes          int64
	tokens         int64 // input; the others follow
	price          int64 // nano-USD a call; 0: nobody knows it
	failing        float64
}

// trades are those of a shop with assistants.
func trades() []trade {
	return []trade{
		{"provider", "assistant|openai|gen_ai|gpt-4o|chat", 260, 1400 * time.Millisecond, 0, 1900, 11_300_000, 0.012},
		{"provider", "assistant|anthropic|gen_ai|claude-sonnet-4-5|chat", 130, 1900 * time.Millisecond, 0, 2400, 17_800_000, 0.008},
		{"provider", "search|openai|gen_ai|gpt-4o-mini|chat", 420, 700 * time.Millisecond, 0, 900, 1_900_000, 0.01},
		{"provider", "search|aws.bedrock|gen_ai|claude-haiku-4-5|chat", 150, 900 * time.Millisecond, 0, 1200, 4_100_000, 0.02},
		{"provider", "search|openai|gen_ai|text-embedding-3-small|embeddings", 900, 80 * time.Millisecond, 0, 310, 6_200, 0.002},
		{"provider", "reports|gcp.vertex_ai|gen_ai|gemini-2.5-pro|chat", 44, 5200 * time.Millisecond, 0, 8800, 26_000_000, 0.03},
		{"provider", "reports|mistral_ai|gen_ai|mistral-large|chat", 60, 2100 * time.Millisecond, 0, 2100, 9_800_000, 0.01},
		{"provider", "reports|vllm|gen_ai|house-7b|chat", 90, 400 * time.Millisecond, 0, 700, 0, 0.004},
		{"provider", "checkout|postgresql|db|unknown|SELECT orders", 1800, 3 * time.Millisecond, 0, 0, 0, 0.0004},
		{"provider", "checkout|api.payments.example|http|unknown|POST", 210, 310 * time.Millisecond, 2100, 0, 0, 0.009},
		{"endpoint", "storefront|http|GET /", 2100, 14 * time.Millisecond, 18_000, 0, 0, 0.002},
		{"endpoint", "storefront|http|GET /products/{id}", 1500, 31 * time.Millisecond, 9000, 0, 0, 0.012},
		{"endpoint", "storefront|http|POST /cart", 520, 22 * time.Millisecond, 700, 0, 0, 0.006},
		{"endpoint", "checkout|http|POST /orders", 180, 420 * time.Millisecond, 1200, 0, 0, 0.018},
		{"endpoint", "assistant|http|POST /ask", 240, 1800 * time.Millisecond, 3400, 0, 0, 0.01},
		{"endpoint", "inventory|rpc|shop.Inventory/Reserve", 190, 9 * time.Millisecond, 300, 0, 0, 0.004},
		{"endpoint", "fulfilment|messaging|process orders", 170, 65 * time.Millisecond, 0, 0, 0, 0.003},
	}
}

type (
	measures map[string]int64
	row      struct {
		Kind       string            `json:"kind"`
		Attributes map[string]string `json:"attributes"`
		Measures   measures          `json:"measures"`
	}
	hour struct {
		Granularity string `json:"granularity"`
		Start       int64  `json:"start"`
		End         int64  `json:"end"`
		Rows        []row  `json:"rows"`
	}
)

// month is a document for the import: what the trades have counted in each hour since
// the month, and the week, began. It is the same for the same time.
func month(now time.Time) any {
	r := rand.New(rand.NewPCG(11, 21))
	all := trades()
	totals := make([]row, len(all))
	for i := range all {
		totals[i] = row{all[i].kind, all[i].attributes(), measures{}}
	}
	var hours []hour
	first := time.Date(now.Year(), now.Month(), min(1, now.Day()-6), 0, 0, 0, 0, time.UTC)
	for at := first; !at.After(now); at = at.Add(time.Hour) {
		h := hour{Granularity: "hour", Start: at.Unix(), End: at.Add(time.Hour).Unix()}
		passed := min(1, now.Sub(at).Hours())
		for i := range all {
			m := all[i].counted(all[i].hourly * busy(at) * passed * (0.85 + 0.3*r.Float64()))
			h.Rows = append(h.Rows, row{all[i].kind, totals[i].Attributes, m})
			for name, n := range m {
				totals[i].Measures[name] += n
			}
		}
		hours = append(hours, h)
	}
	return map[string]any{"version": 1, "writer": "a-month-of-trade", "usage": map[string]any{"series": totals, "history": hours}}
}

// busy is how much more there is to do than at night.
func busy(at time.Time) float64 {
	b := 1 + 2.2*max(0, 1-abs(float64(at.Hour())-14)/8)
	if day := at.Weekday(); day == time.Saturday || day == time.Sunday {
		b *= 0.55
	}
	return b
}

func abs(x float64) float64 { return max(x, -x) }

func (t *trade) attributes() map[string]string {
	names := []string{"usage.service", "usage.provider", "usage.provider.kind", "usage.model", "usage.operation"}
	if t.kind == "endpoint" {
		names = []string{"usage.service", "usage.protocol", "usage.endpoint"}
	}
	attributes := map[string]string{}
	for i, value := range strings.Split(t.identity, "|") {
		attributes[names[i]] = value
	}
	return attributes
}

// counted is what so many calls add up to.
func (t *trade) counted(calls float64) measures {
	n := int64(calls)
	failed := int64(calls * t.failing)
	m := measures{
		"requests.success": n - failed, "requests.error": failed / 3, "requests.throttled": failed / 4,
		"requests.client_error": failed - failed/3 - failed/4, "duration_ns": n * int64(t.took),
		"request_bytes": n * t.bytes / 12, "response_bytes": n * t.bytes,
	}
	if t.tokens > 0 {
		m["tokens.input"], m["tokens.cache_read"], m["tokens.output"] = n*t.tokens, n*t.tokens/3, n*t.tokens/5
		m["tokens.reasoning"] = n * t.tokens / 20
		m["cost_priced_nano_usd"] = n * t.price
		if t.price == 0 {
			m["requests_unpriced"] = n
		}
	}
	return m
}
