package pricing

import (
	"errors"
	"fmt"
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Override is a price of the user's own, in USD per million tokens. It replaces
// the whole entry of the table: what it leaves out follows from what it says, as
// everywhere, and not from the entry.
type Override struct {
	// Provider may be empty, which means every provider.
	Provider string `mapstructure:"provider" yaml:"provider"`
	// Model is a name, or a pattern in which * is any text and ? any character.
	Model        string   `mapstructure:"model" yaml:"model"`
	Input        *float64 `mapstructure:"input" yaml:"input"`
	Output       *float64 `mapstructure:"output" yaml:"output"`
	CacheRead    *float64 `mapstructure:"cache_read" yaml:"cache_read"`
	CacheWrite   *float64 `mapstructure:"cache_write" yaml:"cache_write"`
	CacheWrite1h *float64 `mapstructure:"cache_write_1h" yaml:"cache_write_1h"`
	Reasoning    *float64 `mapstructure:"reasoning" yaml:"reasoning"`
	PerRequest   *float64 `mapstructure:"per_request" yaml:"per_request"` // USD a call
	// EffectiveFrom is the first day, UTC. Until then the entry of the table holds.
	EffectiveFrom string `mapstructure:"effective_from" yaml:"effective_from"`
}

// Check says what is wrong with an override, by the key it is about.
func (o *Override) Check() error {
	_, _, err := o.read()
	return err
}

func (o *Override) read() (when, *drafts, error) {
	var w when
	d := newDrafts()
	if strings.TrimSpace(o.Model) == "" {
		return w, nil, errors.New("`model` is empty: a name, or a pattern with `*` and `?`, is accepted")
	}
	if len(o.Model) > maxName || len(o.Provider) > maxName {
		return w, nil, fmt.Errorf("`model` or `provider` is longer than %d bytes: up to that is accepted", maxName)
	}
	if o.PerRequest == nil && (o.Input == nil || o.Output == nil) {
		return w, nil, errors.New("`input` and `output` are needed, of which 0 is accepted, unless there is `per_request`")
	}
	if o.EffectiveFrom != "" {
		if err := w.setDate(o.EffectiveFrom); err != nil {
			return w, nil, fmt.Errorf("`effective_from` %w", err)
		}
	}
	named := perMillion{o.Input, o.Output, o.CacheRead, o.CacheWrite, o.CacheWrite1h, o.Reasoning}
	if err := named.into(d.of[normal], 0); err != nil {
		return w, nil, err
	}
	if o.PerRequest != nil {
		call, err := nano(*o.PerRequest)
		if err != nil {
			return w, nil, fmt.Errorf("`per_request` %w", err)
		}
		d.call = call
	}
	return w, d, nil
}

// perMillion are prices in USD per million tokens, under the keys of our files.
type perMillion struct {
	Input        *float64 `yaml:"input"`
	Output       *float64 `yaml:"output"`
	CacheRead    *float64 `yaml:"cache_read"`
	CacheWrite   *float64 `yaml:"cache_write"`
	CacheWrite1h *float64 `yaml:"cache_write_1h"`
	Reasoning    *float64 `yaml:"reasoning"`
}

func (m *perMillion) into(d *draft, above int64) error {
	for _, named := range [...]struct {
		key string
		k   kind
		usd *float64
	}{
		{"input", kind(usage.Input), m.Input},
		{"output", kind(usage.Output), m.Output},
		{"cache_read", kind(usage.CacheRead), m.CacheRead},
		{"cache_write", kind(usage.CacheWrite), m.CacheWrite},
		{"cache_write_1h", cacheWrite1h, m.CacheWrite1h},
		{"reasoning", kind(usage.Reasoning), m.Reasoning},
	} {
		if named.usd == nil {
			continue
		}
		rate, err := nano(*named.usd)
		if err != nil {
			return fmt.Errorf("`%s` %w", named.key, err)
		}
		d.put(named.k, above, rate)
	}
	return nil
}

// With returns the table with overrides in front of it. An error names the
// override and its key.
func (t *Table) With(overrides []Override) (*Table, error) {
	if len(overrides) == 0 {
		return t, nil
	}
	var r rules
	for i := range overrides {
		w, d, err := overrides[i].read()
		if err == nil {
			err = r.add(overrides[i].Provider, overrides[i].Model, period{w, d.rates()})
		}
		if err != nil {
			return nil, fmt.Errorf("`overrides[%d]`: %w", i, err)
		}
	}
	r.complete()
	with := newTable(t.source, append([]layer{&r}, t.layers...)...)
	with.skipped, with.models = t.skipped, t.models
	return with, nil
}
