package usageprocessor

import (
	"errors"
	"fmt"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/pricing"
)

// PricingConfig is what makes a cost of tokens. Costs that the telemetry reports
// count either way, and win.
type PricingConfig struct {
	Enabled bool `mapstructure:"enabled"`
	// File is a price table: LiteLLM's or models.dev's JSON, or our YAML. Without
	// one the built-in table is used. It is read again when it changes.
	File string `mapstructure:"file"`
	// Overrides come before the table.
	Overrides []pricing.Override `mapstructure:"overrides"`

	_ struct{}
}

func (c *PricingConfig) validate() error {
	var errs []error
	for i := range c.Overrides {
		if err := c.Overrides[i].Check(); err != nil {
			errs = append(errs, fmt.Errorf("`pricing.overrides[%d]`: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

// options returns nil when no table is used.
func (c *PricingConfig) options() *meter.Prices {
	if !c.Enabled {
		return nil
	}
	return &meter.Prices{File: c.File, Overrides: c.Overrides}
}
