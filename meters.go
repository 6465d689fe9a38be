package usageprocessor

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/rule"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// MeterConfig is a meter of the user's own: `usage.meter.<name>.count` of the records
// that meet a condition and, with a value, `usage.meter.<name>` of what they have.
type MeterConfig struct {
	Name string `mapstructure:"name"`
	// Signal is `traces`, `logs` or `metrics`.
	Signal string `mapstructure:"signal"`
	// Condition and Value are OTTL, about spans, log records or data points.
	Condition string `mapstructure:"condition"`
	Value     string `mapstructure:"value"`
	// Unit is that of the value.
	Unit       string            `mapstructure:"unit"`
	Dimensions []DimensionConfig `mapstructure:"dimensions"`

	_ struct{}
}

const (
	maxMeters = 100
	maxName   = 63
	maxUnit   = 63
	// maxRule is how many bytes of OTTL are read: its parser calls itself.
	maxRule = 4096
	// countSuffix ends the name of the metric that counts, as plainName has it.
	countSuffix = "_count"
)

var meterName = regexp.MustCompile(`^[a-z][a-z0-9]*([_.][a-z0-9]+)*$`)

// validateMeters refuses meters that could not be told apart, and what OTTL refuses.
func validateMeters(meters []MeterConfig) error {
	if len(meters) > maxMeters {
		return fmt.Errorf("`meters` has %d meters: at most %d are accepted", len(meters), maxMeters)
	}
	errs, names := make([]error, 0, len(meters)), map[string]string{}
	for i := range meters {
		m, key := &meters[i], fmt.Sprintf("meters[%d]", i)
		switch first, taken := names[m.plainName()]; {
		case first == m.Name && taken:
			errs = append(errs, fmt.Errorf("`%s.name` is %q for the second time: each name is accepted once", key, m.Name))
		case taken:
			errs = append(errs, fmt.Errorf("`%s.name` is %q, which Prometheus does not tell from %q: another name is accepted", key, m.Name, first))
		}
		names[m.plainName()] = m.Name
		errs = append(errs, m.validate(key))
	}
	for i := range meters {
		of, is := strings.CutSuffix(meters[i].plainName(), countSuffix)
		if first, taken := names[of]; is && taken {
			errs = append(errs, fmt.Errorf("`meters[%d].name` is %q, which is how the meter %q is counted: another name is accepted", i, meters[i].Name, first))
		}
	}
	return errors.Join(errs...)
}

// plainName is the name as those write it who have no dots in names.
func (m *MeterConfig) plainName() string { return strings.ReplaceAll(m.Name, ".", "_") }

func (m *MeterConfig) validate(key string) error {
	if len(m.Name) > maxName || !meterName.MatchString(m.Name) {
		return fmt.Errorf("`%s.name` is %q: 1 to %d lower case letters and digits are accepted, the first one a letter, with a single `_` or `.` between them", key, m.Name, maxName)
	}
	errs := []error{
		validateOneOf(key+".signal", m.Signal, "traces", "logs", "metrics"),
		m.validateUnit(key),
		validateDimensions(key+".dimensions", usage.Own, m.Dimensions),
	}
	if _, ok := signalOf(m.Signal); ok {
		_, err := m.compile(key)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// validateUnit accepts what is printable: units are case sensitive, and there is no
// list of them.
func (m *MeterConfig) validateUnit(key string) error {
	unprintable := func(r rune) bool { return r < '!' || r > '~' }
	if len(m.Unit) > maxUnit || strings.ContainsFunc(m.Unit, unprintable) {
		return fmt.Errorf("`%s.unit` is %q: up to %d printable ASCII characters without spaces are accepted, such as `By` or `{page}`", key, m.Unit, maxUnit)
	}
	return nil
}

func validateRule(key, text string) error {
	if len(text) > maxRule {
		return fmt.Errorf("`%s` has %d bytes: at most %d are accepted", key, len(text), maxRule)
	}
	return nil
}

// compile makes the meter of a valid configuration.
func (m *MeterConfig) compile(key string) (meter extract.Meter, err error) {
	signal, _ := signalOf(m.Signal)
	meter = extract.Meter{Name: m.Name, Unit: m.Unit, Signal: signal, Dimensions: dimensionsOf(m.Dimensions)}
	if m.Condition == "" {
		return meter, fmt.Errorf("`%s.condition` of the meter %q is missing: an OTTL condition is accepted, `'true'` for all %s", key, m.Name, m.Signal)
	}
	if err := errors.Join(validateRule(key+".condition", m.Condition), validateRule(key+".value", m.Value)); err != nil {
		return meter, err
	}
	var errs []error
	if meter.Condition, err = rule.CompileCondition(signal, m.Condition); err != nil {
		errs = append(errs, fmt.Errorf("`%s.condition` of the meter %q %w", key, m.Name, err))
	}
	if m.Value != "" {
		if meter.Value, err = rule.CompileValue(signal, m.Value); err != nil {
			errs = append(errs, fmt.Errorf("`%s.value` of the meter %q %w", key, m.Name, err))
		}
	}
	return meter, errors.Join(errs...)
}

// compileMeters makes the meters, once a Collector starts.
func (c *Config) compileMeters() ([]extract.Meter, error) {
	meters := make([]extract.Meter, 0, len(c.Meters))
	for i := range c.Meters {
		m, err := c.Meters[i].compile(fmt.Sprintf("meters[%d]", i))
		if err != nil {
			return nil, err
		}
		meters = append(meters, m)
	}
	return meters, nil
}
