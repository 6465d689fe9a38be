// Package usagepage reads the usage metrics from a Prometheus text page.
package usagepage

import (
	"fmt"
	"io"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Page holds the usage that a Collector exposes at one time.
type Page struct {
	Endpoints []Endpoint
	Providers []Provider
}

// Parse ignores every metric that is not about usage; an empty page is no error, there was no traffic yet.
func Parse(r io.Reader) (Page, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(r)
	if err != nil {
		return Page{}, fmt.Errorf("parse metrics page: %w", err)
	}
	endpoints, providers := newEndpoints(), newProviders()
	for name, family := range families {
		measure := canonical(name)
		for _, metric := range family.GetMetric() {
			labels := labelsOf(metric)
			switch {
			case strings.HasPrefix(measure, endpointPrefix):
				endpoints.add(strings.TrimPrefix(measure, endpointPrefix), labels, metric)
			case strings.HasPrefix(measure, providerPrefix):
				providers.add(strings.TrimPrefix(measure, providerPrefix), labels, metric)
			}
		}
	}
	return Page{Endpoints: endpoints.sorted(), Providers: providers.sorted()}, nil
}

const (
	endpointPrefix = "usage_endpoint_"
	providerPrefix = "usage_provider_"
)

// canonical strips what exporters add or leave out depending on their settings: unit, `_total`, and dots.
func canonical(name string) string {
	name = underscores(name)
	for _, suffix := range []string{"_total", "_seconds", "_bytes"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}

func underscores(name string) string { return strings.ReplaceAll(name, ".", "_") }

type labels map[string]string

func labelsOf(metric *dto.Metric) labels {
	byName := make(labels, len(metric.GetLabel()))
	for _, pair := range metric.GetLabel() {
		byName[underscores(pair.GetName())] = pair.GetValue()
	}
	return byName
}

// overflowed is true for the one identity that takes what is above the cardinality limit.
func (l labels) overflowed() bool { return l["otel_metric_overflow"] == "true" }

// number reads counters, whatever type the page declares for them.
func number(metric *dto.Metric) float64 {
	switch {
	case metric.GetCounter() != nil:
		return metric.GetCounter().GetValue()
	case metric.GetGauge() != nil:
		return metric.GetGauge().GetValue()
	default:
		return metric.GetUntyped().GetValue()
	}
}
