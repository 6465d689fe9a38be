package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// processorParameter picks a meter, on every route.
const processorParameter = "processor"

// only refuses parameters that a route does not have: one with a typing error would
// answer with something else than was asked for.
func (c *call) only(names ...string) error {
	names = append(names, processorParameter)
	for name, values := range c.values {
		if !slices.Contains(names, name) {
			slices.Sort(names)
			return failf(http.StatusBadRequest, "unknown parameter %q: there are: %s", name, strings.Join(names, ", "))
		}
		if len(values) > 1 {
			return failf(http.StatusBadRequest, "`%s` is given more than once", name)
		}
	}
	return nil
}

// choice is one of some words, the first if none is given.
func (c *call) choice(name string, accepted ...string) (string, error) {
	value := c.values.Get(name)
	if value == "" {
		return accepted[0], nil
	}
	if !slices.Contains(accepted, value) {
		return "", failf(http.StatusBadRequest, "`%s` is %q; it is one of: %s", name, value, strings.Join(accepted, ", "))
	}
	return value, nil
}

// number is a number from 1 on.
func (c *call) number(name string, fallback, most int) (int, error) {
	value := c.values.Get(name)
	if value == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		return 0, failf(http.StatusBadRequest, "`%s` is %q; it is a number from 1 to %d", name, value, most)
	}
	return n, nil
}
