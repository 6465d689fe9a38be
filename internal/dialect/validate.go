package dialect

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func signals() words[usage.Signal] {
	return words[usage.Signal]{{"traces", usage.Traces}, {"logs", usage.Logs}, {"metrics", usage.Metrics}}
}

func sides() words[usage.Kind] {
	return words[usage.Kind]{{"endpoint", usage.Endpoint}, {"provider", usage.Provider}}
}

func outcomes() words[usage.Outcome] {
	var w words[usage.Outcome]
	for o := range usage.Outcomes {
		w = append(w, word[usage.Outcome]{usage.Outcome(o).String(), usage.Outcome(o)})
	}
	return w
}

// meaning returns what a valid word means; nothing, if it is empty.
func meaning[T any](w words[T], name string) (value T) {
	for i := range w {
		if w[i].name == name {
			return w[i].value
		}
	}
	return value
}

// fieldOf returns the field with a name.
func fieldOf(name string) (Field, bool) {
	for f, known := range fieldNames() {
		if known == name && Field(f) != EndTime {
			return Field(f), true
		}
	}
	return 0, false
}

func containsWord(list []string, s string) bool { return slices.Contains(list, s) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// check refuses a word that its vocabulary does not have; empty is fine.
func check[T any](key string, w words[T], name string) error {
	if name == "" {
		return nil
	}
	known := make([]string, 0, len(w))
	for i := range w {
		if w[i].name == name {
			return nil
		}
		known = append(known, w[i].name)
	}
	return fmt.Errorf("`%s` is %q: `%s` are accepted", key, name, strings.Join(known, "`, `"))
}

// required is check for what must be there.
func required[T any](key string, w words[T], name string) error {
	if name == "" {
		return check(key, w, "nothing")
	}
	return check(key, w, name)
}

// maxName is how long a file's name may be.
const maxName = 64

// isName says whether a file may be called so.
func isName(s string) bool {
	for i, c := range []byte(s) {
		small := c >= 'a' && c <= 'z'
		if !small && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

func (f *File) validate() error {
	if !isName(f.Name) {
		return fmt.Errorf("`name` is %q: small letters, digits and `_` are accepted", f.Name)
	}
	errs := []error{validateFields("fields", f.Fields)}
	for i, s := range f.Signals {
		errs = append(errs, required(fmt.Sprintf("signals[%d]", i), signals(), s))
		if slices.Contains(f.Signals[:i], s) {
			errs = append(errs, fmt.Errorf("`signals` has `%s` twice: each signal is accepted once", s))
		}
	}
	for _, attribute := range sortedKeys(f.Roles) {
		errs = append(errs, validateRoles("roles."+attribute, f.Roles[attribute]))
	}
	for i := range f.Scopes {
		errs = append(errs, f.Scopes[i].validate(fmt.Sprintf("scopes[%d]", i)))
	}
	for i := range f.Logs {
		errs = append(errs, f.Logs[i].validate(fmt.Sprintf("logs[%d]", i)))
	}
	for i := range f.Metrics {
		errs = append(errs, f.Metrics[i].validate(fmt.Sprintf("metrics[%d]", i)))
	}
	return errors.Join(append(errs, f.Providers.validate())...)
}

func validateFields(key string, fields map[string][]Name) error {
	var errs []error
	for _, name := range sortedKeys(fields) {
		at := key + "." + name
		if _, ok := fieldOf(name); !ok {
			errs = append(errs, fmt.Errorf("`%s` is no field: docs/dialects.md lists them", at))
		}
		for i, n := range fields[name] {
			at := fmt.Sprintf("%s[%d]", at, i)
			if n.Name == "" {
				errs = append(errs, fmt.Errorf("`%s` has no name: names of attributes are accepted", at))
			}
			errs = append(errs, check(at+".unit", units(), n.Unit),
				check(at+".cache", inclusions(), n.Cache), check(at+".reasoning", inclusions(), n.Reasoning))
		}
	}
	return errors.Join(errs...)
}

func validateRoles(key string, values map[string]string) error {
	var errs []error
	for _, value := range sortedKeys(values) {
		if value == "" {
			errs = append(errs, fmt.Errorf("`%s` has an empty value: values, `*` and `*end` are accepted", key))
		}
		errs = append(errs, required(key+"."+value, roles(), values[value]))
	}
	return errors.Join(errs...)
}

func (t *TokenRule) validate(key string) error {
	return errors.Join(check(key+".cache", inclusions(), t.Cache), check(key+".reasoning", inclusions(), t.Reasoning))
}

func (r *ScopeRule) validate(key string) error {
	errs := []error{r.Tokens.validate(key + ".tokens"), validateRoles(key+".spans", r.Spans)}
	if len(r.Service) == 0 && len(r.Scope) == 0 {
		errs = append(errs, fmt.Errorf("`%s` holds everywhere: `service` or `scope` is needed", key))
	}
	return errors.Join(errs...)
}

func (c *Common) validate(key string) error {
	return errors.Join(c.Tokens.validate(key+".tokens"), check(key+".outcome", outcomes(), c.Outcome))
}

// ranksPerSignal is how many ways a signal may have to tell of one thing.
const ranksPerSignal = 8

func validateRank(key string, rank int) error {
	if rank < 0 || rank >= ranksPerSignal {
		return fmt.Errorf("`%s.rank` is %d: 0 to %d are accepted", key, rank, ranksPerSignal-1)
	}
	return nil
}

func (r *LogRule) validate(key string) error {
	errs := []error{
		required(key+".as", logRoles(), r.As), r.Common.validate(key),
		validateRank(key, r.Rank), validateFields(key+".fields", r.Fields),
	}
	for i, name := range r.Require {
		if _, ok := fieldOf(name); !ok {
			errs = append(errs, fmt.Errorf("`%s.require[%d]` is %q, which is no field: docs/dialects.md lists them", key, i, name))
		}
	}
	if len(r.Event) == 0 && len(r.Require) == 0 {
		errs = append(errs, fmt.Errorf("`%s` holds for all log records: `event` or `require` is needed", key))
	}
	if slices.Contains(r.Event, "") {
		errs = append(errs, fmt.Errorf("`%s.event` has an empty name: names of events are accepted", key))
	}
	return errors.Join(errs...)
}

func (r *MetricRule) validate(key string) error {
	errs := []error{
		required(key+".side", sides(), r.Side), required(key+".of", protocols(), r.Of),
		required(key+".measure", measures(), r.Measure), check(key+".unit", units(), r.Unit),
		check(key+".type", tokenKinds(), r.Type), r.Common.validate(key),
		validateRank(key, r.Rank), validateFields(key+".fields", r.Fields),
	}
	for _, value := range sortedKeys(r.Types) {
		errs = append(errs, required(key+".types."+value, tokenKinds(), r.Types[value]))
	}
	if len(r.Name) == 0 {
		errs = append(errs, fmt.Errorf("`%s.name` is missing: names of metrics are accepted", key))
	}
	for _, name := range r.Name {
		if middle := strings.TrimSuffix(strings.TrimPrefix(name, "*"), "*"); middle == "" || len(middle) < len(name)-1 || strings.Contains(middle, "*") {
			errs = append(errs, fmt.Errorf("`%s.name` has %q: names with at most one `*`, at their beginning or their end, are accepted", key, name))
		}
	}
	return errors.Join(errs...)
}

// protocols are what calls can be of.
func protocols() words[string] {
	var w words[string]
	for _, name := range []string{"http", "rpc", "messaging", "graphql", "faas", "mcp", "db", "gen_ai", "websocket"} {
		w = append(w, word[string]{name, name})
	}
	return w
}

func (p *ProviderNames) validate() error {
	var errs []error
	for key, m := range map[string]map[string][]string{"aliases": p.Aliases, "hosts": p.Hosts, "models": p.Models} {
		for _, provider := range sortedKeys(m) {
			if provider == "" || slices.Contains(m[provider], "") {
				errs = append(errs, fmt.Errorf("`providers.%s` has an empty name", key))
			}
		}
	}
	return errors.Join(errs...)
}
