package pricing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file is our own format.
type file struct {
	Prices []fileRow `yaml:"prices"`
}

// fileRow is a model, or a pattern of models, at some time.
type fileRow struct {
	Override `yaml:",inline"`
	Hours    string      `yaml:"hours"` // HH:MM-HH:MM, UTC, daily
	Tiers    []fileTier  `yaml:"tiers"`
	Flex     *perMillion `yaml:"flex"`
	Priority *perMillion `yaml:"priority"`
	Batch    *perMillion `yaml:"batch"`
}

// fileTier are the prices of whole calls whose prompt is longer than that.
type fileTier struct {
	Above      int64 `yaml:"above"` // tokens
	perMillion `yaml:",inline"`
}

func loadYAML(name string, data []byte) (*Table, error) {
	var f file
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: %w", errFormat, err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("has a second document: one is accepted")
	}
	if len(f.Prices) == 0 {
		return nil, errors.New("has no `prices`: at least one is needed")
	}
	var r rules
	for i := range f.Prices {
		row := &f.Prices[i]
		p, err := row.period()
		if err == nil {
			err = r.add(row.Provider, row.Model, p)
		}
		if err != nil {
			return nil, fmt.Errorf("`prices[%d]`: %w", i, err)
		}
	}
	r.complete()
	t := newTable(name, &r)
	t.models = len(f.Prices)
	return t, nil
}

func (f *fileRow) period() (p period, err error) {
	w, d, err := f.read()
	if err != nil {
		return p, err
	}
	if f.Hours != "" {
		start, end, _ := strings.Cut(f.Hours, "-")
		if err := w.setTimes(strings.TrimSpace(start), strings.TrimSpace(end)); err != nil {
			return p, fmt.Errorf("`hours` %w", err)
		}
	}
	if err := f.tiers(d.of[normal]); err != nil {
		return p, err
	}
	for s, special := range [services]*perMillion{flex: f.Flex, priority: f.Priority, batch: f.Batch} {
		if special == nil {
			continue
		}
		if err := special.into(d.of[s], 0); err != nil {
			return p, fmt.Errorf("`%s`: %w", [services]string{flex: "flex", priority: "priority", batch: "batch"}[s], err)
		}
	}
	return period{w, d.rates()}, nil
}

func (f *fileRow) tiers(into *draft) error {
	for i := range f.Tiers {
		tier := &f.Tiers[i]
		if tier.Above <= 0 {
			return fmt.Errorf("`tiers[%d].above` is %d: a number of tokens above 0 is accepted", i, tier.Above)
		}
		if into.above[tier.Above] != nil {
			return fmt.Errorf("`tiers[%d].above` is %d again: each is accepted once", i, tier.Above)
		}
		if err := tier.into(into, tier.Above); err != nil {
			return fmt.Errorf("`tiers[%d]`: %w", i, err)
		}
	}
	return nil
}
