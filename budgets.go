package usageprocessor

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// BudgetConfig is how much may be used in a period. Nothing is refused when it is
// exceeded: it is said, in metrics and in the log.
type BudgetConfig struct {
	Name string `mapstructure:"name"`
	// Match picks series by patterns for their attributes; without any, all providers.
	Match map[string]string `mapstructure:"match"`
	// Measure is `requests`, `tokens` or `cost`.
	Measure string `mapstructure:"measure"`
	// Period is `hour`, `day`, `week`, `month` or `total`, in the time zone of history.
	Period string `mapstructure:"period"`
	// Amount is in requests, tokens or USD.
	Amount float64 `mapstructure:"amount"`
	// Thresholds are the fractions of the amount at which the log is told; without any,
	// all of it.
	Thresholds []float64 `mapstructure:"thresholds"`

	_ struct{}
}

const (
	maxThresholds = 10
	// maxAmount is what can be counted, in USD and of everything else.
	maxUSD, maxAmount = 9e9, 9e18
)

func validateBudgets(c *Config) error {
	if len(c.Budgets) > engine.MaxBudgets {
		return fmt.Errorf("`budgets` has %d budgets: at most %d are accepted", len(c.Budgets), engine.MaxBudgets)
	}
	errs := make([]error, 0, len(c.Budgets))
	for i := range c.Budgets {
		b, key := &c.Budgets[i], fmt.Sprintf("budgets[%d]", i)
		if slices.ContainsFunc(c.Budgets[:i], func(o BudgetConfig) bool { return o.Name == b.Name }) {
			errs = append(errs, fmt.Errorf("`%s.name` is %q for the second time: each name is accepted once", key, b.Name))
		}
		errs = append(errs, b.validate(key, c))
	}
	return errors.Join(errs...)
}

func (b *BudgetConfig) validate(key string, c *Config) error {
	var errs []error
	if b.Name == "" || len(b.Name) > maxName || strings.TrimSpace(b.Name) != b.Name {
		errs = append(errs, fmt.Errorf("`%s.name` is %q: 1 to %d bytes without spaces around them are accepted", key, b.Name, maxName))
	}
	errs = append(errs,
		validateOneOf(key+".measure", b.Measure, "requests", "tokens", "cost"),
		validateOneOf(key+".period", b.Period, "hour", "day", "week", "month", "total"),
		b.validateMatch(key, c),
	)
	most := maxAmount
	if b.Measure == usage.BudgetCost.String() {
		most = maxUSD
	}
	if !(b.Amount > 0 && b.Amount <= most) {
		errs = append(errs, fmt.Errorf("`%s.amount` is %v: more than 0 and up to %.0g is accepted", key, b.Amount, most))
	}
	if len(b.Thresholds) > maxThresholds {
		errs = append(errs, fmt.Errorf("`%s.thresholds` has %d fractions: at most %d are accepted", key, len(b.Thresholds), maxThresholds))
	}
	for _, t := range b.Thresholds {
		if !(t > 0 && t <= 1) {
			errs = append(errs, fmt.Errorf("`%s.thresholds` has %v: fractions of the amount above 0 and up to 1 are accepted", key, t))
		}
	}
	return errors.Join(errs...)
}

// validateMatch refuses attributes that no series has.
func (b *BudgetConfig) validateMatch(key string, c *Config) error {
	kind := b.kind()
	side := c.Providers
	if kind == usage.Endpoint {
		side = c.Endpoints
		if b.Measure != "requests" {
			return fmt.Errorf("`%s.measure` is %q, but `%s.match` is about endpoints: `requests` is accepted", key, b.Measure, key)
		}
	}
	known := usage.BaseNames(kind)
	for _, d := range side.Dimensions {
		known = append(known, d.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(b.Match)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("`%s.match` has `%s`, which %s series do not have: %s are accepted", key, name, kind, strings.Join(known, ", "))
		}
		if b.Match[name] == "" {
			return fmt.Errorf("`%s.match` has no value for `%s`: a value, or a pattern with `*` and `?`, is accepted", key, name)
		}
	}
	return nil
}

// kind is what the budget is of: endpoints if it names what only they have.
func (b *BudgetConfig) kind() usage.Kind {
	for name := range b.Match {
		if name == usage.AttrEndpoint || name == usage.AttrProtocol {
			return usage.Endpoint
		}
	}
	return usage.Provider
}

// budgetOptions translates the budgets for the meter.
func (c *Config) budgetOptions() []meter.BudgetOptions {
	list := make([]meter.BudgetOptions, 0, len(c.Budgets))
	for i := range c.Budgets {
		list = append(list, c.Budgets[i].options())
	}
	return list
}

func (b *BudgetConfig) options() meter.BudgetOptions {
	o := meter.BudgetOptions{
		Name: b.Name, Kind: b.kind(), Match: b.Match, Amount: b.Amount,
		Thresholds: slices.Compact(slices.Sorted(slices.Values(b.Thresholds))),
	}
	if len(o.Thresholds) == 0 {
		o.Thresholds = []float64{1}
	}
	for m := range usage.BudgetCost + 1 {
		if m.String() == b.Measure {
			o.Measure = m
		}
	}
	for p := range usage.BudgetTotal + 1 {
		if p.String() == b.Period {
			o.Period = p
		}
	}
	return o
}
