package usageprocessor

import (
	"errors"
	"fmt"
	"time"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// LimitsConfig bounds what strangers can make the processor remember.
type LimitsConfig struct {
	// MaxSeries is per kind: endpoints, providers, meters of one's own and what has
	// sessions. The last tenth is for series without dimensions.
	MaxSeries int `mapstructure:"max_series"`
	// MaxValueLength is in bytes.
	MaxValueLength int `mapstructure:"max_value_length"`

	_ struct{}
}

// SessionsConfig is which sessions are active.
type SessionsConfig struct {
	// TTL is how long a session is active that is not heard of.
	TTL time.Duration `mapstructure:"ttl"`
	// Max is how many are at the same time.
	Max int `mapstructure:"max"`

	_ struct{}
}

const (
	maxMaxSeries   = 4 << 20
	minValueLength = 32
	minRetention   = time.Second
	maxRetention   = 366 * 24 * time.Hour
	minTTL         = time.Second
	maxTTL         = 7 * 24 * time.Hour
	maxMaxSessions = 10_000_000
)

func (c *LimitsConfig) validate() error {
	return errors.Join(
		validateBetween("limits.max_series", c.MaxSeries, 1, maxMaxSeries),
		validateBetween("limits.max_value_length", c.MaxValueLength, minValueLength, usage.LongestValue),
	)
}

func (c *SessionsConfig) validate() error {
	return errors.Join(
		validateLasts("sessions.ttl", c.TTL, minTTL, maxTTL),
		validateBetween("sessions.max", c.Max, 0, maxMaxSessions),
	)
}

func (c *SessionsConfig) options() meter.Sessions { return meter.Sessions{TTL: c.TTL, Max: c.Max} }

func validateBetween(key string, n, least, most int) error {
	if n < least || n > most {
		return fmt.Errorf("`%s` is %d: %d to %d are accepted", key, n, least, most)
	}
	return nil
}

func validateLasts(key string, d, least, most time.Duration) error {
	if d < least || d > most {
		return fmt.Errorf("`%s` is %s: %s to %s are accepted", key, d, least, most)
	}
	return nil
}
