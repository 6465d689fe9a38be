package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

const pageToken = "correct-horse-battery"

// watched is a collector with a page, and what was sent to it.
type watched struct {
	*collector
	to   client
	sent generator
}

func startWatched(t *testing.T) *watched {
	t.Helper()
	c := start(t, setup{state: t.TempDir(), token: pageToken, processor: defaultProcessor})
	return &watched{collector: c, to: newGRPCClient(t, c.ports.grpc)}
}

// send sends n of each call, of a service.
func (w *watched) send(t *testing.T, service string, n int) {
	t.Helper()
	mustSend(t, w.to, w.sent.batch(service, n, calls()...))
}

// answer is a row of what the API says, as far as the page has it.
type answer struct {
	Attributes map[string]*string     `json:"attributes"`
	Measures   map[string]json.Number `json:"measures"`
}

// series asks the API.
func (w *watched) series(t *testing.T, kind, by, period string) []answer {
	t.Helper()
	query := url.Values{"kind": {kind}, "by": {by}, "period": {period}}
	body := struct{ Rows []answer }{}
	w.get(t, "v0/management/usage/series?"+query.Encode(), &body)
	return body.Rows
}

func (w *watched) get(t *testing.T, path string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address(w.ports.manage)+"/"+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// table reads a table of the page: by the names of each row, the values by their heads.
func (b *browser) table(id string) map[string]map[string]string {
	b.t.Helper()
	return ask[map[string]map[string]string](b, `(() => {
		const table = document.querySelector("#%s table");
		if (!table) return {};
		const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
		return Object.fromEntries([...table.tBodies[0].rows].map((row) => {
			const cells = [...row.cells];
			const names = cells.filter((cell) => cell.classList.contains("label")).map((cell) => cell.textContent);
			const values = cells.map((cell, i) => [heads[i], cell.querySelector("data")?.value ?? ""]);
			return [names.join("|"), Object.fromEntries(values.slice(names.length))];
		}));
	})()`, id)
}

// The numbers of the page are what was sent, and what the API says.
func TestBrowserShowsWhatWasSent_A_F20_A_U5(t *testing.T) {
	w := startWatched(t)
	w.send(t, "shop", 3)
	w.send(t, "cart", 2)
	b := open(t, w.collector)

	want := map[string]map[string]string{}
	for _, row := range w.series(t, "provider", "provider,model", "today") {
		want[row.names("usage.provider", "usage.model")] = row.values(map[string]string{
			"Requests": "requests", "Errors": "requests_error", "Client errors": "requests_client_error", "Throttled": "requests_throttled",
			"Input": "tokens_input", "Cache read": "tokens_cache_read", "Cache write": "tokens_cache_write", "Output": "tokens_output",
			"Reasoning": "tokens_reasoning", "Cost": "cost", "Unpriced": "requests_unpriced", "Latency": "average_duration",
		})
	}
	got := b.table("models")
	same(t, "providers and models", got, want)
	same(t, "sent to openai", got["openai|gpt-4o"], map[string]string{
		"Requests": "5", "Input": "500", "Cache read": "100", "Output": "150", "Latency": "1.5", "Unpriced": "0",
	})
	same(t, "sent to the partner", got["api.partner.example|(none)"], map[string]string{"Requests": "5", "Throttled": "5", "Latency": "0.09"})

	want = map[string]map[string]string{}
	for _, row := range w.series(t, "endpoint", "service,protocol,endpoint", "today") {
		want[row.names("usage.service", "usage.protocol", "usage.endpoint")] = row.values(map[string]string{
			"Requests": "requests", "Errors": "requests_error", "Client errors": "requests_client_error", "Latency": "average_duration",
			"Bytes in": "request_bytes", "Bytes out": "response_bytes",
		})
	}
	got = b.table("endpoints")
	same(t, "endpoints", got, want)
	same(t, "sent to users", got["shop|http|GET /users/{id}"], map[string]string{"Requests": "3", "Bytes in": "300", "Bytes out": "6000"})
	same(t, "sent to orders", got["cart|http|POST /orders"], map[string]string{"Requests": "2", "Errors": "2"})
	for _, row := range got {
		if seen, err := time.Parse(time.RFC3339, row["Last seen"]); err != nil || time.Since(seen) > time.Minute {
			t.Errorf("last seen %q (%v)", row["Last seen"], err)
		}
	}

	for card, want := range map[string]string{"requests": "15", "tokens": "750", "throttle-rate": "0.333333333"} {
		if got := b.number("#card-" + card); got != want {
			t.Errorf("card %s is %s, want %s", card, got, want)
		}
	}
	// The chart stands for the same: bars are as high as the requests of their hour.
	sum := 0
	for _, text := range ask[[]string](b, `[...document.querySelectorAll("#requests tbody tr td:nth-child(2) data")].map((d) => d.value)`) {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if sum != 15 {
		t.Errorf("%d requests over time, want 15", sum)
	}
	b.alone()
}

func (r *answer) names(attributes ...string) string {
	names := make([]string, len(attributes))
	for i, name := range attributes {
		if names[i] = "(none)"; r.Attributes[name] != nil {
			names[i] = *r.Attributes[name]
		}
	}
	return strings.Join(names, "|")
}

// values are measures under the heads of the page.
func (r *answer) values(heads map[string]string) map[string]string {
	values := map[string]string{}
	for head, measure := range heads {
		values[head] = r.Measures[measure].String()
	}
	return values
}

// same compares what is wanted; there may be more to a row. What the page says
// nothing about is 0 in the API.
func same[V any](t *testing.T, what string, got, want map[string]V) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		switch w := any(want[name]).(type) {
		case map[string]string:
			row, ok := any(got[name]).(map[string]string)
			if !ok || row == nil {
				t.Errorf("%s: %s is not on the page", what, name)
			}
			same(t, what+", "+name, row, w)
		case string:
			if g := any(got[name]).(string); g != w && (g != "" || w != "0") {
				t.Errorf("%s: %s is %q, want %q", what, name, g, w)
			}
		}
	}
	if _, rows := any(want).(map[string]map[string]string); rows && len(got) != len(want) {
		t.Errorf("%s: %d rows, want %d", what, len(got), len(want))
	}
}

// alone fails the test if the page asked anything of another host.
func (b *browser) alone() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) == 0 {
		b.t.Error("no request was seen")
	}
	for _, request := range b.requests {
		if address := strings.Fields(request)[1]; !strings.HasPrefix(address, b.url) && !strings.HasPrefix(address, "data:") {
			b.t.Errorf("a request to somebody else: %s", request)
		}
	}
}

func TestBrowserSwitches(t *testing.T) {
	w := startWatched(t)
	w.send(t, "shop", 3)
	w.send(t, "cart", 2)
	b := open(t, w.collector)
	legend := func() map[string]string {
		return ask[map[string]string](b, `Object.fromEntries([...document.querySelectorAll("#usage .legend li")].map((li) => [li.querySelector(".label").textContent, li.querySelector("data").value]))`)
	}
	for _, step := range []struct {
		link, title string
		legend      map[string]string
	}{
		{"show-tokens", "Tokens by provider", map[string]string{"openai": "750"}},
		{"show-requests", "Requests by provider", map[string]string{"openai": "5", "postgresql": "5", "api.partner.example": "5"}},
		{"period-week", "Requests by provider", map[string]string{"openai": "5", "postgresql": "5", "api.partner.example": "5"}},
		{"group-providers-2", "Cost by service", nil},
		{"show-requests", "Requests by service", map[string]string{"shop": "9", "cart": "6"}},
		{"group-endpoints-0", "Requests by endpoint", map[string]string{"GET /users/{id}": "5", "POST /orders": "5", "shop.Cart/Add": "5"}},
		{"show-out", "Bytes out by endpoint", map[string]string{"GET /users/{id}": "10000"}},
		{"period-month", "Bytes out by endpoint", map[string]string{"GET /users/{id}": "10000"}},
	} {
		b.follow(step.link)
		if got := ask[string](b, `document.querySelector("#usage h2").textContent`); got != step.title {
			t.Errorf("%s leads to %q, want %q", step.link, got, step.title)
		}
		if got := legend(); step.legend != nil && !maps.Equal(got, step.legend) {
			t.Errorf("%s: %v, want %v", step.link, got, step.legend)
		}
		if !ask[bool](b, `document.getElementById(%q).getAttribute("aria-current") === "true"`, step.link) {
			t.Errorf("%s is not the current one", step.link)
		}
	}
	b.alone()
}

func TestBrowserSaves_A_F46(t *testing.T) {
	w := startWatched(t)
	w.send(t, "shop", 1)
	b := open(t, w.collector)
	result := func() string { return ask[string](b, `document.getElementById("save-result").textContent`) }
	for _, try := range []struct{ token, want string }{{"wrong", "invalid management key"}, {pageToken, "Saved."}} {
		b.do(
			chromedp.Evaluate[chromedp.Void](`document.getElementById("token").value = document.getElementById("save-result").textContent = ""`),
			chromedp.SendKeys(chromedp.ID("token"), try.token),
			chromedp.Click(chromedp.CSS("#save button")),
		)
		b.eventually(`!["", "Saving …"].includes(document.getElementById("save-result").textContent)`)
		if got := result(); got != try.want {
			t.Errorf("with the token %q the page says %q, want %q", try.token, got, try.want)
		}
	}
	if age := ask[string](b, `[...document.querySelectorAll("#persistence div")].find((d) => d.textContent.startsWith("Last flush")).querySelector("data").value`); !recent(age) {
		t.Errorf("saved at %s", age)
	}
	if kept := ask[string](b, `JSON.stringify([localStorage.length, sessionStorage.length, document.cookie, location.href.includes(%q)])`, pageToken); kept != `[0,0,"",false]` {
		t.Errorf("something of the token is kept: %s", kept)
	}
	if strings.Contains(w.log(), pageToken) {
		t.Error("the token is in the log")
	}
	b.alone()
}

func recent(text string) bool {
	at, err := time.Parse(time.RFC3339, text)
	return err == nil && time.Since(at) < time.Minute
}

// The page follows what is counted, by itself and without being loaded again; but not
// while somebody types.
func TestBrowserFollows(t *testing.T) {
	w := startWatched(t)
	w.send(t, "shop", 1)
	b := open(t, w.collector)
	b.do(chromedp.Evaluate[chromedp.Void](`window.mark = 1; document.getElementById("usage-summary").click(); document.getElementById("models-scroll").focus()`))
	w.send(t, "shop", 1)
	b.eventually(`document.querySelector("#card-requests data").value === "6"`)
	if state := ask[string](b, `[window.mark, document.getElementById("usage-numbers").open, document.activeElement.id].join()`); state != "1,true,models-scroll" {
		t.Errorf("what the reader did is gone: %s", state)
	}

	b.do(chromedp.SendKeys(chromedp.ID("token"), "half"))
	w.send(t, "shop", 1)
	time.Sleep(12 * time.Second) // longer than the page waits
	if got := b.number("#card-requests"); got != "6" {
		t.Errorf("%s requests while somebody types, want 6", got)
	}
	b.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
	b.eventually(`document.querySelector("#card-requests data").value === "9"`)
	if got := ask[string](b, `document.getElementById("token").value`); got != "half" {
		t.Errorf("%q is in the field, want what was typed", got)
	}

	b.do(chromedp.Click(chromedp.ID("pause")))
	w.send(t, "shop", 1)
	b.do(chromedp.Click(chromedp.ID("pause")))
	b.eventually(`document.querySelector("#card-requests data").value === "12"`)

	w.kill()
	b.eventually(`document.getElementById("trouble").textContent.startsWith("Not updated")`)
	if got := b.number("#card-requests"); got != "12" {
		t.Errorf("the page lost its numbers: %s", got)
	}
}

// Whoever prefers reduced motion starts with a page that stands still.
func TestBrowserHonoursReducedMotion(t *testing.T) {
	w := startWatched(t)
	b := open(t, w.collector)
	b.media("prefers-reduced-motion", "reduce")
	b.do(chromedp.Navigate(b.url))
	if got := ask[string](b, `document.getElementById("pause").textContent`); got != "Resume updates" {
		t.Errorf("the button says %q", got)
	}
	if got := ask[string](b, `getComputedStyle(document.querySelector("a[href]")).transitionDuration`); got != "0s" {
		t.Errorf("links move for %s", got)
	}
}

func TestBrowserWithoutScript(t *testing.T) {
	w := startWatched(t)
	w.send(t, "shop", 2)
	b := open(t, w.collector)
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}), chromedp.Navigate(b.url))
	b.follow("period-week")
	if got := b.number("#card-requests"); got != "6" {
		t.Errorf("%s requests, want 6", got)
	}
	for _, id := range []string{"save", "pause"} {
		if ask[bool](b, `document.getElementById(%q).checkVisibility()`, id) {
			t.Errorf("%s is shown and cannot work", id)
		}
	}
}
