package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"
)

// setup is what a test wants of its collector. Its zero value meters in memory
// and exports to nobody.
type setup struct {
	state      string // directory; empty: persistence is off
	durability string
	flush      time.Duration
	export     time.Duration
	histogram  string
	sinks      []*sink
	// What follows is left out of the configuration when it is not set.
	temporality  string
	onError      string
	onCorruption string
	// storage keeps the state in a storage extension, which has the directory.
	storage bool
	// token, if set, starts the extension `usage`, which takes it.
	token string
	// processor and pipelines, if set, replace the lines below `usage` and
	// `pipelines`; YAML, indented as in configuration.
	processor string
	pipelines string
}

// never is an interval that no test lives to see the end of.
const never = time.Hour

const configuration = `
receivers:
  nop:
  otlp:
    protocols:
      grpc: {endpoint: "{{.GRPC}}"}
      http: {endpoint: "{{.HTTP}}"}
  otlp/second:
    protocols:
      grpc: {endpoint: "{{.Second}}"}
processors:
  usage:
{{.Processor}}
exporters:
  nop:
  prometheus: {endpoint: "{{.Page}}"}
{{- range $i, $url := .Sinks}}
  otlp_http/{{$i}}:
    endpoint: "{{$url}}"
    compression: none
    sending_queue: {enabled: false}
    retry_on_failure: {enabled: false}
{{- end}}
extensions:
{{- if .Storage}}
  file_storage: {directory: "{{.State}}", fsync: true}
{{- end}}
{{- if .Token}}
  usage: {endpoint: "{{.Manage}}", token: "{{.Token}}"}
{{- end}}
service:
  extensions: [{{if .Storage}}file_storage, {{end}}{{if .Token}}usage{{end}}]
  telemetry:
    metrics: {level: none}
  pipelines:
{{.Pipelines}}
`

// unpriced is for tests that are about something else: prices change with every
// release of the table.
const unpriced = `
    pricing: {enabled: false}`

const defaultProcessor = `
    export:
      interval: {{.Export}}
      histogram: {{.Histogram}}
{{- with .Temporality}}
      temporality: {{.}}
{{- end}}
{{- if .State}}
    persistence:
      enabled: true
      {{if .Storage}}storage: file_storage{{else}}directory: "{{.State}}"{{end}}
      interval: {{.Flush}}
      durability: {{.Durability}}
{{- with .OnError}}
      on_error: {{.}}
{{- end}}
{{- with .OnCorruption}}
      on_corruption: {{.}}
{{- end}}
{{- end}}
`

const defaultPipelines = `
    traces: {receivers: [otlp], processors: [usage], exporters: [nop]}
    metrics: {receivers: [nop], processors: [usage], exporters: [prometheus{{range $i, $_ := .Sinks}}, otlp_http/{{$i}}{{end}}]}
`

// write makes the configuration file of a collector and returns its path.
func (s setup) write(t *testing.T, p ports) string {
	t.Helper()
	data := map[string]any{
		"GRPC": address(p.grpc), "HTTP": address(p.http), "Second": address(p.second), "Page": address(p.page),
		"Manage": address(p.manage), "Token": s.token,
		"State": s.state, "Durability": or(s.durability, "write"),
		"Flush": or(s.flush, never), "Export": or(s.export, never), "Histogram": or(s.histogram, "exponential"),
		"Temporality": s.temporality, "OnError": s.onError, "OnCorruption": s.onCorruption, "Storage": s.storage,
	}
	urls := make([]string, 0, len(s.sinks))
	for _, sink := range s.sinks {
		urls = append(urls, sink.server.URL)
	}
	data["Sinks"] = urls
	data["Processor"] = execute(t, or(s.processor, unpriced+defaultProcessor), data)
	data["Pipelines"] = execute(t, or(s.pipelines, defaultPipelines), data)
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(execute(t, configuration, data)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func execute(t *testing.T, text string, data map[string]any) string {
	t.Helper()
	var b strings.Builder
	if err := template.Must(template.New("").Parse(text)).Execute(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// or returns the fallback instead of a zero value.
func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
