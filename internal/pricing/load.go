package pricing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// maxFile bounds a file of prices; LiteLLM's has 2 MB.
const maxFile = 64 << 20

// errFormat is about files that are none of those that can be read.
var errFormat = errors.New("is no list of prices: LiteLLM's JSON, models.dev's JSON and YAML with the key `prices` are accepted")

// Load reads a file of prices: LiteLLM's JSON, models.dev's JSON or our YAML,
// which it tells apart by their content. The name is for errors and
// [Table.Source] only.
//
// A row of the foreign formats that is invalid is left out and counted; our own
// has to be right. A file without any price is refused.
func Load(name string, data []byte) (*Table, error) {
	t, err := load(name, data)
	if err != nil {
		return nil, fmt.Errorf("`%s` %w", name, err)
	}
	return t, nil
}

func load(name string, data []byte) (*Table, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("has %d bytes: up to %d are accepted", len(data), maxFile)
	}
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	if len(data) == 0 {
		return nil, errors.New("is empty: " + errFormat.Error())
	}
	if data[0] != '{' {
		return loadYAML(name, data)
	}
	var rows map[string]json.RawMessage
	if err := json.Unmarshal(data, &rows); err != nil {
		return nil, fmt.Errorf("%w: %w", errFormat, err)
	}
	switch {
	case rows["prices"] != nil:
		return loadYAML(name, data) // of which JSON is a part
	case isModelsDev(rows):
		return loadModelsDev(name, rows)
	default:
		return loadLiteLLM(name, rows)
	}
}

// reader collects the rows of a foreign format.
type reader struct {
	index   *index
	models  int
	skipped int
}

// row adds a model, whose prices are nil if they are invalid.
func (r *reader) row(provider, name string, d *drafts) {
	id := canonical(provider)
	switch {
	case d == nil:
		r.skipped++
		return
	case id == copilot && d.zero():
		// GitHub bills something else than tokens: that price is not known.
	case !d.priced():
		return // billed by images or seconds
	}
	r.models++
	r.index.add(id, []string{name}, &Price{
		id:        id + "/" + name,
		periods:   []period{{rates: d.rates()}},
		halfBatch: halfBatch(id),
		untold:    !d.priced() || id == copilot && d.zero(),
	})
}

func (r *reader) table(name, format string) (*Table, error) {
	if r.models == 0 {
		return nil, fmt.Errorf("has no price of any model as %s, and %d invalid rows: %w", format, r.skipped, errFormat)
	}
	t := newTable(name+" ("+format+")", r.index)
	t.models, t.skipped = r.models, r.skipped
	return t, nil
}
