package tables

import "github.com/otelusage/usageprocessor/examples/quickstart/internal/usagepage"

func withTokens(providers []usagepage.Provider) []usagepage.Provider {
	var models []usagepage.Provider
	for _, provider := range providers {
		if len(provider.Tokens) > 0 || provider.TimeToFirstToken.Mean() > 0 {
			models = append(models, provider)
		}
	}
	return models
}

func tokenColumns() []column[usagepage.Provider] {
	type row = usagepage.Provider
	of := func(title string, tokens usagepage.TokenType) column[row] {
		return column[row]{title, right, func(r row) string { return count(r.Tokens[tokens]) }}
	}
	return []column[row]{
		{"SERVICE", left, func(r row) string { return serviceName(r.Service, r.Overflow) }},
		{"PROVIDER", left, func(r row) string { return text(r.Provider) }},
		{"MODEL", left, func(r row) string { return text(r.Model) }},
		{"OPERATION", left, func(r row) string { return text(r.Operation) }},
		of("INPUT", usagepage.Input),
		of("CACHE READ", usagepage.CacheRead),
		of("CACHE WRITE", usagepage.CacheWrite),
		of("OUTPUT", usagepage.Output),
		of("REASONING", usagepage.Reasoning),
		{"TOTAL", right, func(r row) string { return count(total(r)) }},
		{"FIRST TOKEN AFTER", right, func(r row) string { return mean(r.TimeToFirstToken.Mean()) }},
	}
}

// total may add up because the types are disjoint.
func total(r usagepage.Provider) float64 {
	sum := 0.0
	for _, tokens := range r.Tokens {
		sum += tokens
	}
	return sum
}
