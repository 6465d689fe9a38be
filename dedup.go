package usageprocessor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/meter"
)

// DedupConfig is how long, and in how much memory, it is remembered what was
// counted, so that what is sent again does not count again.
type DedupConfig struct {
	Enabled bool `mapstructure:"enabled"`
	// Window is remembered in whole minutes.
	Window time.Duration `mapstructure:"window"`
	// MaxMemoryMiB shortens the window when there is more to remember.
	MaxMemoryMiB int64 `mapstructure:"max_memory_mib"`
	// LogAttributes tell log records apart, the first one present.
	LogAttributes []string `mapstructure:"log_attributes"`
	_             struct{}
}

const (
	minWindow    = time.Minute
	maxWindow    = 24 * time.Hour
	maxMemoryMiB = 64 << 10
)

func (c *DedupConfig) validate() error {
	var window, memory error
	if c.Window < minWindow || c.Window > maxWindow || c.Window%time.Minute != 0 {
		window = fmt.Errorf("`dedup.window` is %s: whole minutes from %s to %s are accepted", c.Window, minWindow, maxWindow)
	}
	if c.MaxMemoryMiB < 1 || c.MaxMemoryMiB > maxMemoryMiB {
		memory = fmt.Errorf("`dedup.max_memory_mib` is %d: 1 to %d are accepted", c.MaxMemoryMiB, maxMemoryMiB)
	}
	var attributes error
	if slices.Contains(c.LogAttributes, "") {
		attributes = errors.New("`dedup.log_attributes` has an empty name: names of attributes are accepted")
	}
	return errors.Join(window, memory, attributes)
}

// options returns nil when nothing is to be remembered.
func (c *DedupConfig) options() *meter.Dedup {
	if !c.Enabled {
		return nil
	}
	return &meter.Dedup{Window: c.Window, MaxBytes: c.MaxMemoryMiB << 20, LogAttributes: c.LogAttributes}
}
