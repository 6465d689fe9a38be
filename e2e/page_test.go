package e2e

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// page scrapes the collector's Prometheus exporter: the usage series on it, by
// name, without the labels that say who exported them.
func page(t *testing.T, c *collector) tally {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address(c.ports.page)+"/metrics", http.NoBody)
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
	all := tally{}
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "usage_") && !strings.Contains(line, "_bucket{") {
			name, value := parseSample(t, strings.TrimSpace(line))
			if old, twice := all[name]; twice {
				t.Errorf("%s is twice on the page: %d and %d", name, old, value)
			}
			all[name] = value
		}
	}
	return all
}

// parseSample reads `name{label="value",...} number`.
func parseSample(t *testing.T, line string) (name string, value int64) {
	t.Helper()
	end := strings.LastIndex(line, "} ")
	begin := strings.IndexByte(line, '{')
	if begin < 0 || end < begin {
		t.Fatalf("no sample: %s", line)
	}
	number, err := strconv.ParseFloat(line[end+2:], 64)
	if err != nil {
		t.Fatalf("no number: %s", line)
	}
	if value = int64(number); strings.HasSuffix(line[:begin], "_seconds_sum") {
		value = nanoseconds(number)
	}
	return series(line[:begin], parseLabels(t, line[begin+1:end])), value
}

func parseLabels(t *testing.T, rest string) map[string]string {
	t.Helper()
	labels := map[string]string{}
	for rest != "" {
		label, quoted, _ := strings.Cut(rest, "=")
		prefix, err := strconv.QuotedPrefix(quoted)
		if err != nil {
			t.Fatalf("no labels: %s", rest)
		}
		value, err := strconv.Unquote(prefix)
		if err != nil {
			t.Fatalf("no label value: %s", prefix)
		}
		if label != "job" && label != "instance" && !strings.HasPrefix(label, "otel_scope_") {
			labels[label] = value
		}
		rest = strings.TrimPrefix(quoted[len(prefix):], ",")
	}
	return labels
}
