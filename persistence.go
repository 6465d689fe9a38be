package usageprocessor

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/meter"
)

// PersistenceConfig is where and how usage is kept. Writing to disk is opt-in.
type PersistenceConfig struct {
	Enabled bool `mapstructure:"enabled"`
	// Directory holds the state of this component and of no other; a relative
	// path is one below the working directory of the Collector.
	Directory string `mapstructure:"directory"`
	// Interval is how often everything is written and synced.
	Interval time.Duration `mapstructure:"interval"`
	// Durability is `interval` or `write`.
	Durability string `mapstructure:"durability"`

	_ struct{}
}

const (
	durabilityInterval = "interval"
	durabilityWrite    = "write"
)

func (c *PersistenceConfig) validate() error {
	var missing error
	if c.Enabled && c.Directory == "" {
		missing = errors.New("`persistence.directory` is empty: with `persistence.enabled`, the path of a directory is required")
	}
	return errors.Join(missing, validateInterval("persistence.interval", c.Interval), c.validateDurability())
}

func (c *PersistenceConfig) validateDurability() error {
	switch c.Durability {
	case durabilityInterval, durabilityWrite:
		return nil
	default:
		return fmt.Errorf("`persistence.durability` is %q: `%s` and `%s` are accepted", c.Durability, durabilityInterval, durabilityWrite)
	}
}

// options returns nil when nothing is to be kept.
func (c *PersistenceConfig) options() (*meter.Persistence, error) {
	if !c.Enabled {
		return nil, nil //nolint:nilnil // nil is what the meter knows as "not kept"
	}
	directory, err := filepath.Abs(c.Directory)
	if err != nil {
		return nil, fmt.Errorf("`persistence.directory`: %w", err)
	}
	durability := meter.Write
	if c.Durability == durabilityInterval {
		durability = meter.Interval
	}
	return &meter.Persistence{
		Place:      fmt.Sprintf("`persistence.directory` `%s`", directory),
		Open:       func(owner string) (files.FS, error) { return files.Open(directory, owner) },
		Interval:   c.Interval,
		Durability: durability,
	}, nil
}
