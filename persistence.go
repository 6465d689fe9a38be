package usageprocessor

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/meter"
)

// PersistenceConfig is where and how usage is kept. Writing to disk is opt-in.
type PersistenceConfig struct {
	Enabled bool `mapstructure:"enabled"`
	// Directory holds the state of this component and of no other; a relative
	// path is one below the working directory of the Collector.
	Directory string `mapstructure:"directory"`
	// Storage is the ID of a storage extension that is used instead of a
	// directory.
	Storage *component.ID `mapstructure:"storage"`
	// Interval is how often everything is written and synced.
	Interval time.Duration `mapstructure:"interval"`
	// Durability is what a batch has to be before it is acknowledged: metered
	// (`interval`), written (`write`) or on the disk (`sync`).
	Durability string `mapstructure:"durability"`
	// OnError is what happens while usage cannot be written: `continue` metering
	// in memory or `refuse` data.
	OnError string `mapstructure:"on_error"`
	// OnCorruption is what happens to damaged state: `quarantine` it and go on
	// from what is valid or `fail` to start.
	OnCorruption string `mapstructure:"on_corruption"`
	_            struct{}
}

const (
	durabilityInterval     = "interval"
	durabilityWrite        = "write"
	durabilitySync         = "sync"
	onErrorContinue        = "continue"
	onErrorRefuse          = "refuse"
	onCorruptionQuarantine = "quarantine"
	onCorruptionFail       = "fail"
)

func (c *PersistenceConfig) validate() error {
	var place error
	switch {
	case c.Directory != "" && c.Storage != nil:
		place = errors.New("`persistence.directory` and `persistence.storage` are both set: one of them is accepted")
	case c.Enabled && c.Directory == "" && c.Storage == nil:
		place = errors.New("`persistence.directory` is empty: with `persistence.enabled`, the path of a directory, or `persistence.storage`, is required")
	}
	return errors.Join(
		place,
		validateInterval("persistence.interval", c.Interval),
		validateOneOf("persistence.durability", c.Durability, durabilityInterval, durabilityWrite, durabilitySync),
		validateOneOf("persistence.on_error", c.OnError, onErrorContinue, onErrorRefuse),
		validateOneOf("persistence.on_corruption", c.OnCorruption, onCorruptionQuarantine, onCorruptionFail),
	)
}

// options names the place, whether something is to be kept from the start on or not.
func (c *PersistenceConfig) options(set meter.Settings) (*meter.Persistence, error) {
	p := &meter.Persistence{
		Enabled:     c.Enabled,
		Interval:    c.Interval,
		Durability:  c.durability(),
		Refuse:      c.OnError == onErrorRefuse,
		KeepDamaged: c.OnCorruption == onCorruptionFail,
	}
	switch {
	case c.Storage != nil:
		p.Place, p.Path = fmt.Sprintf("`persistence.storage` `%s`", c.Storage), c.Storage.String()
		p.Open = func(string) (files.FS, error) { return c.openStorage(set) }
		return p, nil
	case c.Directory == "":
		return p, nil
	}
	directory, err := filepath.Abs(c.Directory)
	if err != nil {
		return nil, fmt.Errorf("`persistence.directory`: %w", err)
	}
	p.Place, p.Path = fmt.Sprintf("`persistence.directory` `%s`", directory), directory
	p.Open = func(owner string) (files.FS, error) { return files.Open(directory, owner) }
	p.Check = func(name string) error { return files.CheckBelow(directory, name) }
	p.OpenBelow = func(name, owner string) (files.FS, error) { return files.OpenBelow(directory, name, owner) }
	return p, nil
}

func (c *PersistenceConfig) durability() meter.Durability {
	switch c.Durability {
	case durabilityInterval:
		return meter.Interval
	case durabilitySync:
		return meter.Sync
	default:
		return meter.Write
	}
}
