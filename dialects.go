package usageprocessor

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// DialectsConfig is which names of telemetry are understood.
type DialectsConfig struct {
	// Disabled are names of presets.
	Disabled []string `mapstructure:"disabled"`
	// Signals pins the signal that bills a family of dialects: `traces`, `logs` or
	// `metrics`.
	Signals map[string]string `mapstructure:"signals"`
	// Files are dialects of one's own, which come before the presets.
	Files []string `mapstructure:"files"`

	_ struct{}
}

func (c *DialectsConfig) validate() error {
	presets := dialect.PresetNames()
	errs := make([]error, 0, len(c.Disabled)+len(c.Signals))
	for _, name := range c.Disabled {
		if !slices.Contains(presets, name) {
			errs = append(errs, fmt.Errorf("`dialects.disabled` has %q: names of presets are accepted, docs/dialects.md lists them", name))
		}
	}
	for family, signal := range c.Signals {
		if _, ok := signalOf(signal); !ok {
			errs = append(errs, fmt.Errorf("`dialects.signals.%s` is %q: `traces`, `logs` and `metrics` are accepted", family, signal))
		}
	}
	for _, file := range c.Files {
		if file == "" {
			errs = append(errs, errors.New("`dialects.files` has an empty name: paths of dialect files are accepted"))
		}
	}
	return errors.Join(errs...)
}

func signalOf(name string) (usage.Signal, bool) {
	for s := range usage.Signals {
		if usage.Signal(s).String() == name {
			return usage.Signal(s), true
		}
	}
	return 0, false
}

// load reads the enabled dialects, the user's own first, and what is pinned.
func (c *DialectsConfig) load() (meter.Dialects, error) {
	var files []*dialect.File
	for _, path := range c.Files {
		data, err := os.ReadFile(path)
		if err != nil {
			return meter.Dialects{}, fmt.Errorf("`dialects.files` cannot be read: %w", err)
		}
		f, err := dialect.Parse(path, data)
		if err != nil {
			return meter.Dialects{}, fmt.Errorf("`dialects.files`: %w", err)
		}
		files = append(files, f)
	}
	presets, err := dialect.Presets(c.Disabled...)
	if err != nil {
		return meter.Dialects{}, err
	}
	files = append(files, presets...)
	pins, err := c.pins(files)
	return meter.Dialects{Files: files, Signals: pins}, err
}

// pins refuses families that no enabled dialect has: their pins would do nothing.
func (c *DialectsConfig) pins(files []*dialect.File) (map[string]usage.Signal, error) {
	families := dialect.Families(files)
	pins := make(map[string]usage.Signal, len(c.Signals))
	for family, name := range c.Signals {
		if !slices.Contains(families, family) {
			return nil, fmt.Errorf("`dialects.signals` has %q: `%s` are accepted", family, strings.Join(families, "`, `"))
		}
		pins[family], _ = signalOf(name)
	}
	return pins, nil
}
