package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// inputError says what is wrong with which parameter.
func inputError(parameter, format string, args ...any) error {
	return fmt.Errorf("%w: `%s` %s", ErrInput, parameter, fmt.Sprintf(format, args...))
}

func (r *Request) validate() error {
	if int(r.Kind) >= usage.Kinds {
		return inputError("kind", "is none of %s", kindNames())
	}
	if r.From < 0 || r.Until < 0 {
		return inputError("from", "and `to` are times after 1970")
	}
	if r.From != 0 && r.Until != 0 && r.From >= r.Until {
		return inputError("from", "has to be before `to`")
	}
	if r.Limit < 0 {
		return inputError("limit", "is %d, which is not positive", r.Limit)
	}
	for i, name := range r.GroupBy {
		if name == "" || slices.Contains(r.GroupBy[:i], name) {
			return inputError("group_by", "has %q twice, or an empty name", name)
		}
	}
	return validateOrder(r.Kind, r.OrderBy)
}

func validateOrder(kind usage.Kind, name string) error {
	if _, ok := MeasureNamed(kind, name); ok || name == "" || name == byName {
		return nil
	}
	accepted := []string{byName}
	for _, m := range Measures(kind) {
		accepted = append(accepted, m.Name)
	}
	return inputError("order_by", "is %q; with `kind` %s it is one of: %s", name, kind, strings.Join(accepted, ", "))
}

func kindNames() string {
	names := make([]string, usage.Kinds)
	for i := range names {
		names[i] = usage.Kind(i).String()
	}
	return strings.Join(names, ", ")
}
