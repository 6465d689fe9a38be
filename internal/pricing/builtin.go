package pricing

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the built-in table
	"encoding/json"
	"fmt"
	"io"
)

// The built-in table: prices of genai-prices, which `make prices` writes; its
// licence is in LICENSE.genai-prices.
//
//go:embed prices.jsonl.gz
var builtin []byte

// builtinHeader is the first line of the table. Each other line is a provider: its
// name, a space and its models. internal/tools/prices.mjs has the rest.
type builtinHeader struct {
	Source string `json:"source"`
	Models int    `json:"models"`
}

// builtinModel is a model as the table has it.
type builtinModel struct {
	// Names begins with the name of the entry.
	Names  []string        `json:"names"`
	Prices []builtinPrices `json:"prices"`
}

// builtinPrices are prices in USD per million tokens, or per thousand calls.
type builtinPrices struct {
	StartDate    string        `json:"start_date"`
	StartTime    string        `json:"start_time"`
	EndTime      string        `json:"end_time"`
	Input        *builtinPrice `json:"input_mtok"`
	Output       *builtinPrice `json:"output_mtok"`
	CacheRead    *builtinPrice `json:"cache_read_mtok"`
	CacheWrite   *builtinPrice `json:"cache_write_mtok"`
	CacheWrite1h *builtinPrice `json:"cache_write_1h_mtok"`
	Reasoning    *builtinPrice `json:"output_reasoning_mtok"`
	Requests     *float64      `json:"requests_kcount"`
}

// builtinPrice is a number, or a number and steps above it.
type builtinPrice struct {
	Base  float64 `json:"base"`
	Tiers []struct {
		Start int64   `json:"start"`
		Price float64 `json:"price"`
	} `json:"tiers"`
}

// UnmarshalJSON reads either form.
func (p *builtinPrice) UnmarshalJSON(data []byte) error {
	if data[0] != '{' {
		return json.Unmarshal(data, &p.Base)
	}
	type plain builtinPrice
	return json.Unmarshal(data, (*plain)(p))
}

// Builtin returns the table that the program comes with.
func Builtin() (*Table, error) {
	t, err := readBuiltin(builtin)
	if err != nil {
		return nil, fmt.Errorf("built-in price table: %w", err)
	}
	return t, nil
}

func readBuiltin(compressed []byte) (*Table, error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, err
	}
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	var header builtinHeader
	if err := json.Unmarshal(first, &header); err != nil {
		return nil, err
	}
	x := newIndex()
	for line := range bytes.Lines(rest) {
		provider, models, _ := bytes.Cut(line, []byte(" "))
		x.lists[canonical(string(provider))] = &list{provider: string(provider), unread: models}
	}
	t := newTable(header.Source, x)
	t.models = header.Models
	return t, nil
}

// builtinRows reads the models of a provider.
func builtinRows(provider string, text []byte) ([]row, error) {
	var models []builtinModel
	if err := json.Unmarshal(text, &models); err != nil {
		return nil, fmt.Errorf("%s: %w", provider, err)
	}
	rows := make([]row, len(models))
	for i := range models {
		m := &models[i]
		p, err := m.price(provider)
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", provider, m.Names[0], err)
		}
		rows[i] = row{m.Names, p}
	}
	return rows, nil
}

func (m *builtinModel) price(provider string) (*Price, error) {
	p := &Price{id: provider + "/" + m.Names[0], periods: make([]period, 0, len(m.Prices)), untold: true, halfBatch: halfBatch(canonical(provider))}
	for i := range m.Prices {
		next, priced, err := m.Prices[i].period()
		if err != nil {
			return nil, err
		}
		p.periods = append(p.periods, next)
		p.untold = p.untold && !priced
	}
	return p, nil
}

func (b *builtinPrices) period() (p period, priced bool, err error) {
	if b.StartDate != "" {
		if err := p.when.setDate(b.StartDate); err != nil {
			return p, false, fmt.Errorf("`start_date` %w", err)
		}
	}
	if b.StartTime != "" {
		if err := p.when.setTimes(b.StartTime, b.EndTime); err != nil {
			return p, false, fmt.Errorf("`start_time` %w", err)
		}
	}
	d := newDrafts()
	if err := b.into(d); err != nil {
		return p, false, err
	}
	p.rates = d.rates()
	return p, d.priced(), nil
}

func (b *builtinPrices) into(d *drafts) error {
	for k, from := range [kinds]*builtinPrice{b.Input, b.CacheRead, b.CacheWrite, b.Output, b.Reasoning, b.CacheWrite1h} {
		if from == nil {
			continue
		}
		rate, err := nano(from.Base)
		if err != nil {
			return err
		}
		d.of[normal].put(kind(k), 0, rate)
		for _, tier := range from.Tiers {
			if rate, err = nano(tier.Price); err != nil {
				return err
			}
			d.of[normal].put(kind(k), tier.Start, rate)
		}
	}
	if b.Requests == nil {
		return nil
	}
	perCall, err := nano(*b.Requests / thousand)
	d.call = perCall
	return err
}
