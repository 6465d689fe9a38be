package pricing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// loadLiteLLM reads LiteLLM's model_prices_and_context_window.json: an object of
// models with prices in USD per token.
func loadLiteLLM(name string, rows map[string]json.RawMessage) (*Table, error) {
	r := reader{index: newIndex()}
	// In order, so that the same file gives the same table.
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if key == "sample_spec" {
			continue
		}
		fields, err := object(rows[key])
		if err != nil {
			r.skipped++
			continue
		}
		provider, model := liteLLMName(strings.ToLower(key), text(fields["litellm_provider"]))
		d, err := liteLLMPrices(fields)
		if err != nil {
			d = nil
		}
		r.row(provider, model, d)
	}
	return r.table(name, "LiteLLM")
}

// liteLLMName returns the provider of a row, and its name without that.
func liteLLMName(key, provider string) (id, model string) {
	first, rest, isPath := strings.Cut(key, "/")
	named, isProvider := known(first)
	if strings.HasPrefix(provider, "vertex_ai") {
		provider = vertex // and a family of models behind it
	}
	if provider == "" {
		provider = named
	}
	if isPath && isProvider && family(named) == family(canonical(provider)) {
		return provider, rest
	}
	return provider, key
}

func liteLLMPrices(fields map[string]any) (*drafts, error) {
	d := newDrafts()
	for field, value := range fields {
		if err := liteLLMField(field, value, 0, d); err != nil {
			return nil, err
		}
	}
	if tiers := fields["tiered_pricing"]; tiers != nil {
		return d, liteLLMTiers(tiers, d.of[normal])
	}
	return d, nil
}

// liteLLMTiers reads prices by ranges of the prompt's length.
func liteLLMTiers(value any, into *draft) error {
	tiers, ok := value.([]any)
	if !ok {
		return fmt.Errorf("`tiered_pricing` is no list")
	}
	for _, tier := range tiers {
		fields, _ := tier.(map[string]any)
		bounds, _ := fields["range"].([]any)
		if len(bounds) == 0 {
			continue // by something else than length
		}
		start, err := number(bounds[0])
		if err != nil || start < 0 || start > 1e12 {
			return fmt.Errorf("`range` begins at %v", bounds[0])
		}
		d := &drafts{call: unset, of: [services]*draft{normal: into, flex: newDraft(), priority: newDraft(), batch: newDraft()}}
		for field, value := range fields {
			if err := liteLLMField(field, value, int64(start), d); err != nil {
				return err
			}
		}
	}
	return nil
}

// liteLLMField reads a field if it is the price of something that is counted.
func liteLLMField(field string, value any, above int64, into *drafts) error {
	if value == nil {
		return nil
	}
	if field == "input_cost_per_request" {
		call, err := price(value, 1)
		into.call = call
		return err
	}
	f, ok := parseField(field)
	if !ok {
		return nil
	}
	rate, err := price(value, million)
	if err != nil {
		return fmt.Errorf("`%s` %w", field, err)
	}
	into.of[f.tier].put(f.kind, max(above, f.above), rate)
	return nil
}

// field is what the name of a field says.
type field struct {
	kind  kind
	above int64
	tier  service
}

// parseField takes a name like cache_read_input_token_cost_above_200k_tokens_priority
// apart.
func parseField(name string) (f field, ok bool) {
	for tier, suffix := range [services]string{flex: "_flex", priority: "_priority", batch: "_batches"} {
		if before, after, found := strings.Cut(name, suffix); found && suffix != "" {
			name, f.tier = before+after, service(tier)
		}
	}
	hour := strings.Contains(name, "_above_1hr")
	name = strings.Replace(name, "_above_1hr", "", 1)
	if before, after, found := strings.Cut(name, "_above_"); found {
		count, isTokens := strings.CutSuffix(after, "k_tokens")
		n, err := strconv.ParseUint(count, 10, 32)
		if !isTokens || err != nil || n == 0 {
			return f, false
		}
		name, f.above = before, int64(n)*thousand
	}
	switch {
	case name == "cache_creation_input_token_cost" && hour:
		f.kind = cacheWrite1h
	case hour:
		return f, false
	case name == "cache_creation_input_token_cost":
		f.kind = kind(usage.CacheWrite)
	case name == "input_cost_per_token":
		f.kind = kind(usage.Input)
	case name == "output_cost_per_token":
		f.kind = kind(usage.Output)
	case name == "cache_read_input_token_cost":
		f.kind = kind(usage.CacheRead)
	case name == "output_cost_per_reasoning_token":
		f.kind = kind(usage.Reasoning)
	default:
		return f, false
	}
	return f, true
}

// object decodes a JSON object and keeps numbers as they are written.
func object(data []byte) (fields map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	err = d.Decode(&fields)
	return fields, err
}

func text(value any) string {
	s, _ := value.(string)
	return strings.ToLower(s)
}

// number reads a number, which some write as a string.
func number(value any) (float64, error) {
	switch v := value.(type) {
	case json.Number:
		return v.Float64()
	case string:
		return strconv.ParseFloat(v, 64)
	default:
		return 0, fmt.Errorf("is %v: a number is accepted", value)
	}
}

// price reads a price in USD per `by` of what is counted, as nano-USD.
func price(value any, by float64) (int64, error) {
	usd, err := number(value)
	if err != nil {
		return 0, err
	}
	return nano(usd * by)
}
