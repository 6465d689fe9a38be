package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

const managementToken = "e2e-token"

// manager talks to the extension of a collector.
type manager struct {
	t *testing.T
	c *collector
}

// ask returns the status and the JSON that a request was answered with.
func (m manager) ask(method, route, body, token string) (status int, answer map[string]any) {
	m.t.Helper()
	request, err := http.NewRequestWithContext(m.t.Context(), method, "http://"+address(m.c.ports.manage)+"/v0/management/"+route, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		m.t.Fatal(err)
	}
	data, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&answer); err != nil {
		m.t.Fatalf("%s %s: %v: %s", method, route, err, data)
	}
	return response.StatusCode, answer
}

// totals are requests and tokens that the providers were asked for.
func (m manager) totals() (requests, tokens float64) {
	m.t.Helper()
	status, answer := m.ask(http.MethodGet, "usage", "", "")
	if status != http.StatusOK {
		m.t.Fatalf("usage: %d %v", status, answer)
	}
	usage := answer["usage"].(map[string]any)
	return usage["total_requests"].(float64), usage["total_tokens"].(float64)
}

func (m manager) wantTotals(when string, requests, tokens float64) {
	m.t.Helper()
	if r, n := m.totals(); r != requests || n != tokens {
		m.t.Errorf("%s: %v requests and %v tokens, want %v and %v", when, r, n, requests, tokens)
	}
}

// change asks for a change and wants it to be made.
func (m manager) change(method, route, body string) map[string]any {
	m.t.Helper()
	status, answer := m.ask(method, route, body, managementToken)
	if status != http.StatusOK {
		m.t.Fatalf("%s %s %s: %d %v", method, route, body, status, answer)
	}
	return answer
}

// The extension shows what the processor beside it counts, keeps strangers from changing
// anything, and what it changes stays changed over a crash.
func TestManagement_A_F26_A_F46_X_10(t *testing.T) {
	t.Parallel()
	s := setup{state: t.TempDir(), token: managementToken}
	c := start(t, s)
	m := manager{t, c}
	var g generator
	const each = 10
	mustSend(t, newGRPCClient(t, c.ports.grpc), g.batch(service, each, calls()...))
	m.wantTotals("after a batch", 3*each, 150*each)

	for _, token := range []string{"", "wrong"} {
		if status, answer := m.ask(http.MethodPost, "usage/reset", `{"scope": "all"}`, token); status != http.StatusUnauthorized {
			t.Errorf("reset with token %q: %d %v", token, status, answer)
		}
	}
	m.wantTotals("after what was refused", 3*each, 150*each)

	m.change(http.MethodPost, "usage/reset", `{"scope": "provider", "value": "openai"}`)
	m.wantTotals("after a reset", 2*each, 0)
	m.change(http.MethodPatch, "usage-statistics-enabled", `{"value": false}`)
	mustSend(t, newGRPCClient(t, c.ports.grpc), g.batch(service, each, calls()...))
	m.wantTotals("while counting is paused", 2*each, 0)
	if status := m.change(http.MethodPost, "usage/save", "")["status"].(map[string]any); status["last_error"] != nil || status["last_saved_at"] == nil {
		t.Errorf("saved: %v", status)
	}
	c.kill()

	c = startOn(t, s, c.ports)
	m = manager{t, c}
	m.wantTotals("after a crash", 2*each, 0)
	mustSend(t, newGRPCClient(t, c.ports.grpc), g.batch(service, 1, calls()...))
	m.wantTotals("counting is not paused any more", 2*each+3, 150)
	c.stop()
	if strings.Contains(c.log(), managementToken) {
		t.Error("the log has the token")
	}
}

func TestManagementPortInUse_B_F2(t *testing.T) {
	t.Parallel()
	first := start(t, setup{token: managementToken})
	p := freePorts(t)
	p.manage = first.ports.manage
	second := launch(t, "--config="+setup{token: managementToken}.write(t, p))
	second.dull = true
	if code := second.wait(); code == 0 {
		t.Error("it ends with success")
	}
	if log := second.log(); !strings.Contains(log, address(p.manage)) || !strings.Contains(log, "endpoint") {
		t.Errorf("the log does not name the endpoint:\n%s", tail(log))
	}
}
