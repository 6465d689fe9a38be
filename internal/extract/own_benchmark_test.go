package extract

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// BenchmarkMeters compares what spans of HTTP cost with a meter of the user's own,
// with and without OTTL: x/unmetered is the ratio to those without, measured in turns.
func BenchmarkMeters(b *testing.B) {
	spans := spansOf(b, ptrace.SpanKindServer, httpAttributes())
	without := metering()
	base := func() { read(without, without.Traces(spans, time.Now())) }
	for _, tt := range []struct {
		name, condition, value string
		dimensions             []string
	}{
		{"none_met", `attributes["http.route"] == "nowhere"`, "", nil},
		{"plain", `true`, "", nil},
		{"plain_value", `attributes["http.request.method"] == "GET"`, `attributes["http.response.status_code"]`, nil},
		{"plain_value_dimension", `attributes["http.request.method"] == "GET"`, `attributes["http.response.status_code"]`, []string{"http.route"}},
		{"ottl_value_dimension", `attributes["http.request.method"] == "GET" and true`, `attributes["http.response.status_code"] * 1`, []string{"http.route"}},
	} {
		x := metering(ownMeterOf(b, usage.Traces, tt.condition, tt.value, tt.dimensions...))
		b.Run(tt.name, func(b *testing.B) {
			compareRuns(b, base, func() { read(x, x.Traces(spans, time.Now())) }, "x/unmetered")
		})
	}
}
