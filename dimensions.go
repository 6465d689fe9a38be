package usageprocessor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// DimensionConfig is an attribute that is added to identities. A plain string is its
// name.
type DimensionConfig struct {
	Name string `mapstructure:"name"`
	// Hash puts a keyed hash in the place of its values.
	Hash bool `mapstructure:"hash"`

	_ struct{}
}

// UnmarshalText reads the plain form.
func (d *DimensionConfig) UnmarshalText(name []byte) error {
	*d = DimensionConfig{Name: string(name)}
	return nil
}

const (
	maxDimensions = 16
	// maxDimensionName is how many bytes a name has at most.
	maxDimensionName = 255
)

func validateDimensions(key string, kind usage.Kind, dimensions []DimensionConfig) error {
	if len(dimensions) > maxDimensions {
		return fmt.Errorf("`%s` has %d names: at most %d are accepted", key, len(dimensions), maxDimensions)
	}
	for i, d := range dimensions {
		same := func(other DimensionConfig) bool { return other.Name == d.Name }
		switch {
		case d.Name == "":
			return fmt.Errorf("`%s` has an empty name: names of attributes are accepted", key)
		case strings.TrimSpace(d.Name) != d.Name:
			return fmt.Errorf("`%s` has %q: names without spaces around them are accepted", key, d.Name)
		case len(d.Name) > maxDimensionName:
			return fmt.Errorf("`%s` has a name of %d bytes: at most %d are accepted", key, len(d.Name), maxDimensionName)
		case d.Name == usage.AttrOverflow:
			return fmt.Errorf("`%s` has `%s`: the series beyond `limits.max_series` have it", key, d.Name)
		case strings.HasPrefix(d.Name, "usage."):
			return fmt.Errorf("`%s` has `%s`: names under `usage.` are taken%s", key, d.Name, taken(kind))
		case slices.ContainsFunc(dimensions[:i], same):
			return fmt.Errorf("`%s` has `%s` twice: each name is accepted once", key, d.Name)
		}
	}
	return nil
}

// taken is what names under `usage.` are taken for, where that shows in the series.
func taken(kind usage.Kind) string {
	if kind == usage.Own {
		return ""
	}
	return fmt.Sprintf(", every %s series has %s", kind, strings.Join(usage.BaseNames(kind), ", "))
}

// dimensionsOf translates dimensions for extraction, in order of their names: whoever
// changes the order alone has the same series.
func dimensionsOf(configs []DimensionConfig) []extract.Dimension {
	dimensions := make([]extract.Dimension, 0, len(configs))
	for _, d := range configs {
		dimensions = append(dimensions, extract.Dimension{Name: d.Name, Hash: d.Hash})
	}
	slices.SortFunc(dimensions, func(a, b extract.Dimension) int { return strings.Compare(a.Name, b.Name) })
	return dimensions
}
