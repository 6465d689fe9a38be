package usageprocessor

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Config is what users write under the processor's ID. An empty block is valid.
type Config struct {
	// Endpoints is what the services serve.
	Endpoints SideConfig `mapstructure:"endpoints"`
	// Providers is what the services consume.
	Providers SideConfig     `mapstructure:"providers"`
	Dialects  DialectsConfig `mapstructure:"dialects"`
	// Meters are the user's own.
	Meters   []MeterConfig  `mapstructure:"meters"`
	Pricing  PricingConfig  `mapstructure:"pricing"`
	Sessions SessionsConfig `mapstructure:"sessions"`
	Dedup    DedupConfig    `mapstructure:"dedup"`
	Budgets  []BudgetConfig `mapstructure:"budgets"`
	Limits   LimitsConfig   `mapstructure:"limits"`
	// Retention is how long a series may be idle before it leaves memory and export.
	Retention   time.Duration     `mapstructure:"retention"`
	Export      ExportConfig      `mapstructure:"export"`
	History     HistoryConfig     `mapstructure:"history"`
	Persistence PersistenceConfig `mapstructure:"persistence"`

	_ struct{}
}

// SideConfig is the metering of endpoints or of providers.
type SideConfig struct {
	Enabled bool `mapstructure:"enabled"`
	// Dimensions are attributes added to the identity of a series: looked up on
	// the span, then its scope, then its resource.
	Dimensions []DimensionConfig `mapstructure:"dimensions"`

	_ struct{}
}

// ExportConfig is how usage leaves the processor.
type ExportConfig struct {
	Interval time.Duration `mapstructure:"interval"`
	// Temporality is `cumulative` or `delta`.
	Temporality string `mapstructure:"temporality"`
	// Histogram is `exponential` or `explicit`.
	Histogram string `mapstructure:"histogram"`
	// Buckets are the upper bounds of an explicit histogram, in seconds.
	Buckets []float64 `mapstructure:"buckets"`

	_ struct{}
}

const (
	temporalityCumulative = "cumulative"
	temporalityDelta      = "delta"

	histogramExponential = "exponential"
	histogramExplicit    = "explicit"
)

const (
	minInterval = meter.MinInterval
	maxInterval = meter.MaxInterval
	maxBuckets  = 100
	maxBound    = 1e6 // seconds, 11 days
)

// createDefaultConfig is the only place that has defaults.
func createDefaultConfig() component.Config {
	return &Config{
		Endpoints: SideConfig{Enabled: true},
		Providers: SideConfig{Enabled: true},
		Pricing:   PricingConfig{Enabled: true},
		Sessions:  SessionsConfig{TTL: 5 * time.Minute, Max: 100_000},
		Limits:    LimitsConfig{MaxSeries: 100_000, MaxValueLength: 256},
		Retention: time.Hour,
		Dedup: DedupConfig{
			Enabled: true, Window: 10 * time.Minute, MaxMemoryMiB: 256,
			LogAttributes: []string{"gen_ai.response.id", "request_id"},
		},
		Export:  ExportConfig{Interval: 60 * time.Second, Temporality: temporalityCumulative, Histogram: histogramExponential},
		History: HistoryConfig{Hourly: 14 * 24 * time.Hour, Daily: 400 * 24 * time.Hour, Timezone: "UTC"},
		Persistence: PersistenceConfig{
			Interval:     30 * time.Second,
			Durability:   durabilityWrite,
			OnError:      onErrorContinue,
			OnCorruption: onCorruptionQuarantine,
		},
	}
}

// defaultBuckets are used for explicit histograms without bounds of their own:
// 1 ms to 500 s, in seconds.
func defaultBuckets() []float64 {
	return []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500}
}

// Validate refuses every value that could not be honoured, with its key.
func (c *Config) Validate() error {
	return errors.Join(
		validateDimensions("endpoints.dimensions", usage.Endpoint, c.Endpoints.Dimensions),
		validateDimensions("providers.dimensions", usage.Provider, c.Providers.Dimensions),
		c.Dialects.validate(),
		validateMeters(c.Meters),
		c.Pricing.validate(),
		c.Sessions.validate(),
		c.Dedup.validate(),
		validateBudgets(c),
		c.Limits.validate(),
		validateLasts("retention", c.Retention, minRetention, maxRetention),
		validateInterval("export.interval", c.Export.Interval),
		validateOneOf("export.temporality", c.Export.Temporality, temporalityCumulative, temporalityDelta),
		c.Export.validateHistogram(),
		c.History.validate(),
		c.Persistence.validate(),
	)
}

func validateInterval(key string, d time.Duration) error {
	if d < minInterval || d > maxInterval {
		return fmt.Errorf("`%s` is %s: it must be between %s and %s", key, d, minInterval, maxInterval)
	}
	return nil
}

// validateOneOf refuses a value that is not one of several.
func validateOneOf(key, value string, accepted ...string) error {
	if slices.Contains(accepted, value) {
		return nil
	}
	last := len(accepted) - 1
	return fmt.Errorf("`%s` is %q: `%s` and `%s` are accepted", key, value, strings.Join(accepted[:last], "`, `"), accepted[last])
}

func (c *ExportConfig) validateHistogram() error {
	switch c.Histogram {
	case histogramExponential:
		if len(c.Buckets) > 0 {
			return fmt.Errorf("`export.buckets` is set, but `export.histogram` is `%s`: buckets are accepted with `%s`", c.Histogram, histogramExplicit)
		}
		return nil
	case histogramExplicit:
		return c.validateBuckets()
	default:
		return fmt.Errorf("`export.histogram` is %q: `%s` and `%s` are accepted", c.Histogram, histogramExponential, histogramExplicit)
	}
}

func (c *ExportConfig) validateBuckets() error {
	if len(c.Buckets) > maxBuckets {
		return fmt.Errorf("`export.buckets` has %d bounds: at most %d are accepted", len(c.Buckets), maxBuckets)
	}
	last := time.Duration(0)
	for _, b := range c.Buckets {
		if math.IsNaN(b) || b <= 0 || b > maxBound {
			return fmt.Errorf("`export.buckets` has the bound %v: seconds above 0 and up to %v are accepted", b, maxBound)
		}
		if bound := nanoseconds(b); bound > last {
			last = bound
			continue
		}
		return fmt.Errorf("`export.buckets` has the bound %v after one that is not smaller: ascending bounds, a nanosecond apart, are accepted", b)
	}
	return nil
}

func nanoseconds(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds * float64(time.Second)))
}

// layout is how durations fall into buckets.
func (c *ExportConfig) layout() *usage.Layout {
	if c.Histogram == histogramExponential {
		return usage.ExponentialLayout()
	}
	seconds := c.Buckets
	if len(seconds) == 0 {
		seconds = defaultBuckets()
	}
	bounds := make([]time.Duration, len(seconds))
	for i, s := range seconds {
		bounds[i] = nanoseconds(s)
	}
	return usage.ExplicitLayout(bounds)
}

// options translates the configuration for the meter.
func (c *Config) options(set meter.Settings) (meter.Options, error) {
	persistence, err := c.Persistence.options(set)
	if err != nil {
		return meter.Options{}, err
	}
	history, err := c.History.options()
	if err != nil {
		return meter.Options{}, err
	}
	return meter.Options{
		Endpoints:      extract.Side{Enabled: c.Endpoints.Enabled, Dimensions: dimensionsOf(c.Endpoints.Dimensions)},
		Providers:      extract.Side{Enabled: c.Providers.Enabled, Dimensions: dimensionsOf(c.Providers.Dimensions)},
		Dialects:       c.Dialects.load,
		Meters:         c.compileMeters,
		Prices:         c.Pricing.options(),
		Layout:         c.Export.layout(),
		MaxSeries:      c.Limits.MaxSeries,
		MaxValueLength: c.Limits.MaxValueLength,
		Retention:      c.Retention,
		Sessions:       c.Sessions.options(),
		Warnings:       c.warnings(),
		Dedup:          c.Dedup.options(),
		Budgets:        c.budgetOptions(),
		History:        history,
		ExportInterval: c.Export.Interval,
		Delta:          c.Export.Temporality == temporalityDelta,
		Persistence:    persistence,
	}, nil
}
