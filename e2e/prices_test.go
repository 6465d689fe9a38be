package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// startTold runs a collector that shows its own metrics on a page of their own.
func startTold(t *testing.T, s setup) (c *collector, told func(metric string) string) {
	t.Helper()
	for range 5 {
		own, p := freePort(t), freePorts(t)
		path := filepath.Join(t.TempDir(), "telemetry.yaml")
		text := fmt.Sprintf(`service: {telemetry: {metrics: {level: normal, readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]}}}`, own)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := launch(t, "--config="+s.write(t, p), "--config="+path)
		c.ports = p
		if c.serves() {
			return c, func(metric string) string { return ownMetric(t, own, metric) }
		}
		if log := c.log(); !strings.Contains(log, portTaken) {
			t.Fatalf("the Collector does not start:\n%s", tail(log))
		}
	}
	t.Fatal("no free ports")
	return nil, nil
}

// ownMetric is the number of a metric without labels of its own, as it is shown.
func ownMetric(t *testing.T, port int, metric string) (value string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address(port)+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("scrape: %s, %v", response.Status, err)
	}
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, metric) {
			return line[strings.LastIndexByte(line, ' ')+1 : len(line)-1]
		}
	}
	return ""
}

// replaceFile puts another file in the place of one, as a whole.
func replaceFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// A price file that changes while the Collector runs is read again: what is
// counted from then on costs the new prices, and nothing that was counted before
// does. One that is broken changes nothing, and that is said.
func TestPriceFileChangesWhileRunning_E_F26(t *testing.T) {
	t.Parallel()
	const (
		failures = "otelcol_usage_prices_failures"
		accepted = "New prices are in force"
		refused  = "New prices cannot be used; the old ones stay in force"
		row      = "prices: [{provider: openai, model: gpt-5, input: %d, output: 0}]\n"
	)
	file := filepath.Join(t.TempDir(), "prices.yaml")
	write := func(text string) { replaceFile(t, file, text) }
	write(fmt.Sprintf(row, 1))
	out := newCostSink(t)
	c, told := startTold(t, setup{
		state: t.TempDir(), flush: 50 * time.Millisecond, export: 30 * time.Millisecond,
		sinks: []*sink{out}, processor: pricedBy(file), pipelines: allSignals,
	})
	s := newHTTPSender(t, c.ports.http, false)
	from := origin{service: "shop", scope: "openai"}
	id := model("shop", "openai", "gpt-5")
	want, number := tally{}, uint64(0)
	// call sends a call of 1000 tokens that has to cost so many nano-dollars.
	call := func(what string, nanos int64) {
		t.Helper()
		number++
		p := from.traces(span{
			name: "chat gpt-5", kind: ptrace.SpanKindClient, trace: number, id: 1, end: time.Now(), took: time.Second,
			attributes: map[string]any{
				"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5",
				"gen_ai.usage.input_tokens": 1000,
			},
		})
		if err := s.send(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		want.asked(id, "success", tokens{input: 1000}, time.Second)
		want.cost(id, nanos, priced)
		reaches(t, what, want, out.totals)
	}
	says := func(text string, times int) {
		t.Helper()
		until(t, text, func() bool { return c.logged(text) >= times })
		if n := c.logged(text); n != times {
			t.Errorf("%q is logged %d times, want %d", text, n, times)
		}
	}
	counted := func(want string) {
		t.Helper()
		until(t, failures+" is "+want, func() bool { return told(failures) == want })
	}

	call("with the first prices", 1_000_000)
	write(fmt.Sprintf(row, 25))
	says(accepted, 1)
	call("with new prices", 25_000_000)
	if n := told(failures); n != "" && n != "0" {
		t.Errorf("failures before there is one: %s", n)
	}
	for i, broken := range []string{
		"prices: [{provider: openai, model: gpt-5, input: -3, output: 0}]\n",
		"prices: [{provider: openai, model: gpt-5, input: 3, output: 0, discount: 0.5}]\n",
		"",
	} {
		write(broken)
		says(refused, i+1)
		counted(fmt.Sprint(i + 1))
		call("with a broken file", 25_000_000)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	says(refused, 4)
	call("without the file", 25_000_000)
	write(fmt.Sprintf(row, 3))
	says(accepted, 2)
	call("with a file that is whole again", 3_000_000)
	counted("4")
	c.stop()
	equal(t, "totals after the last export", out.totals(), want)
	out.oneWriterAndStart()
}
