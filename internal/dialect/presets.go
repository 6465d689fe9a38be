package dialect

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed presets/*.yaml
var presets embed.FS

// PresetNames are the names of the built-in dialects.
func PresetNames() []string {
	entries, _ := presets.ReadDir("presets") // it is part of the program
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return names
}

// Presets returns the built-in dialects but some, in their order.
func Presets(disabled ...string) ([]*File, error) {
	var files []*File
	for _, name := range PresetNames() {
		if slices.Contains(disabled, name) {
			continue
		}
		path := "presets/" + name + ".yaml"
		data, err := presets.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f, err := Parse(path, data)
		if err != nil {
			return nil, err
		}
		if name != f.Name {
			return nil, fmt.Errorf("`%s` is named %q", path, f.Name)
		}
		files = append(files, f)
	}
	slices.SortStableFunc(files, func(a, b *File) int { return a.order() - b.order() })
	return files, nil
}

const defaultOrder = 50

func (f *File) order() int {
	if f.Order == 0 {
		return defaultOrder
	}
	return f.Order
}
