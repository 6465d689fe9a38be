package usageprocessor

import (
	"fmt"
	"slices"
)

// warnings are what is valid and hardly meant.
func (c *Config) warnings() []string {
	list := append(warnOfSessions("endpoints.dimensions", c.Endpoints.Dimensions), warnOfSessions("providers.dimensions", c.Providers.Dimensions)...)
	for i := range c.Meters {
		list = append(list, warnOfSessions(fmt.Sprintf("meters[%d].dimensions", i), c.Meters[i].Dimensions)...)
	}
	return list
}

// warnOfSessions says which dimensions make every session a series.
func warnOfSessions(key string, dimensions []DimensionConfig) (warnings []string) {
	for _, d := range dimensions {
		if slices.Contains([]string{"session.id", "gen_ai.conversation.id"}, d.Name) {
			warnings = append(warnings, fmt.Sprintf("`%s` has `%s`: every session becomes a series of its own, up to `limits.max_series`; `usage.sessions.*` count sessions without it", key, d.Name))
		}
	}
	return warnings
}
