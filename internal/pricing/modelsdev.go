package pricing

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// isModelsDev says whether an object is one of providers and not one of models.
func isModelsDev(rows map[string]json.RawMessage) bool {
	for _, data := range rows {
		var provider struct {
			Models map[string]json.RawMessage `json:"models"`
		}
		if json.Unmarshal(data, &provider) == nil && provider.Models != nil {
			return true
		}
	}
	return false
}

// loadModelsDev reads the api.json of models.dev: providers with models, prices
// in USD per million tokens.
func loadModelsDev(name string, rows map[string]json.RawMessage) (*Table, error) {
	r := reader{index: newIndex()}
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		var provider struct {
			Models map[string]json.RawMessage `json:"models"`
		}
		if err := json.Unmarshal(rows[id], &provider); err != nil {
			r.skipped++
			continue
		}
		for _, model := range slices.Sorted(maps.Keys(provider.Models)) {
			d, err := modelsDevPrices(provider.Models[model])
			if err != nil {
				d = nil
			}
			r.row(id, strings.ToLower(model), d)
		}
	}
	return r.table(name, "models.dev")
}

func modelsDevPrices(data []byte) (*drafts, error) {
	model, err := object(data)
	if err != nil {
		return nil, err
	}
	d := newDrafts()
	if model["cost"] == nil {
		return d, nil
	}
	cost, ok := model["cost"].(map[string]any)
	if !ok {
		return nil, errors.New("`cost` is no object")
	}
	into := d.of[normal]
	if err := modelsDevCost(cost, 0, into); err != nil {
		return nil, err
	}
	const long = 200_000
	if err := modelsDevCost(cost["context_over_200k"], long, into); err != nil {
		return nil, err
	}
	return d, modelsDevTiers(cost["tiers"], into)
}

func modelsDevTiers(value any, into *draft) error {
	tiers, _ := value.([]any)
	for _, value := range tiers {
		tier, _ := value.(map[string]any)
		by, _ := tier["tier"].(map[string]any)
		if text(by["type"]) != "context" {
			continue
		}
		above, err := number(by["size"])
		if err != nil || above < 1 || above > 1e12 {
			return fmt.Errorf("`size` is %v", by["size"])
		}
		if err := modelsDevCost(tier, int64(above), into); err != nil {
			return err
		}
	}
	return nil
}

func modelsDevCost(value any, above int64, into *draft) error {
	cost, _ := value.(map[string]any)
	for key, k := range map[string]kind{
		"input":       kind(usage.Input),
		"output":      kind(usage.Output),
		"cache_read":  kind(usage.CacheRead),
		"cache_write": kind(usage.CacheWrite),
		"reasoning":   kind(usage.Reasoning),
	} {
		if cost[key] == nil {
			continue
		}
		rate, err := price(cost[key], 1)
		if err != nil {
			return fmt.Errorf("`%s` %w", key, err)
		}
		into.put(k, above, rate)
	}
	return nil
}
