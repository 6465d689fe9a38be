package dialect

import (
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Program is all enabled dialects as one. It is immutable and safe for
// concurrent use.
type Program struct {
	// Base reads the attributes of spans, and of log records and data points whose
	// rule has no fields of its own.
	Base *Table
	// Lines reads the attributes of log records that are no known event.
	Lines *Table
	// Providers are how providers are called.
	Providers *Providers

	families map[string]*Family
	scopes   scopes
	events   map[string][]*Event // by name; "" are those without
	metrics  metrics
	sessions map[string][]Name // the fields of all files that name a session
}

// Options are what a program is made of.
type Options struct {
	// Files are the enabled dialects: the first one that names something wins.
	Files []*File
	// Signals pins the signal that bills a family, by its name.
	Signals map[string]usage.Signal
	// Dimensions are attributes to be found in every record.
	Dimensions []string
}

// Compile makes a program of files, which are valid as Parse returned them.
func Compile(o Options) *Program {
	p := &Program{
		Base:      tableOf(o.Files, o.Dimensions),
		Providers: compileProviders(o.Files),
		families:  compileFamilies(o.Files, o.Signals),
		events:    map[string][]*Event{},
		sessions:  sessionNames(o.Files),
	}
	for _, f := range o.Files {
		p.compileScopes(f)
		p.compileLogs(f, o.Dimensions)
		p.compileMetrics(f, o.Dimensions)
	}
	p.compileLines(o)
	return p
}

// Family is a set of signals that tell of the same calls.
type Family struct {
	Name string
	// Order names the signals, best first: ranks mean nothing under another one.
	Order string
	// Ranks are those of the signals.
	Ranks [usage.Signals]usage.Rank
}

// Family returns a family by its name; one that no file has ranks traces before
// logs before metrics.
func (p *Program) Family(name string) *Family {
	if f, ok := p.families[name]; ok {
		return f
	}
	return newFamily(name, nil, nil)
}

// Families are the names of all families of files, each once, in order.
func Families(files []*File) []string {
	seen := map[string]bool{}
	for _, f := range files {
		seen[f.family()] = true
		for i := range f.Scopes {
			seen[f.Scopes[i].Family] = true
		}
	}
	delete(seen, "")
	return sortedKeys(seen)
}

func compileFamilies(files []*File, pins map[string]usage.Signal) map[string]*Family {
	families := map[string]*Family{}
	for _, f := range files {
		if _, known := families[f.family()]; !known || f.Family == "" || f.Family == f.Name {
			families[f.family()] = newFamily(f.family(), f.Signals, pins)
		}
		for i := range f.Scopes {
			if name := f.Scopes[i].Family; name != "" && families[name] == nil {
				families[name] = newFamily(name, nil, pins)
			}
		}
	}
	return families
}

func newFamily(name string, order []string, pins map[string]usage.Signal) *Family {
	family := &Family{Name: name}
	next := usage.Rank(0)
	place := func(s usage.Signal) {
		family.Ranks[s] = next
		family.Order += s.String()[:1]
		next++
	}
	for _, signal := range order {
		place(meaning(signals(), signal))
	}
	for s := range usage.Signals {
		if signal := usage.Signal(s); !containsWord(order, signal.String()) {
			place(signal)
		}
	}
	if pinned, ok := pins[name]; ok {
		for s := range family.Ranks {
			family.Ranks[s] = usage.NeverCounts
		}
		// No choice of an earlier configuration is better.
		family.Ranks[pinned], family.Order = 0, pinned.String()
	}
	return family
}

func (f *File) family() string {
	if f.Family == "" {
		return f.Name
	}
	return f.Family
}

// TokenRules say what numbers of tokens contain, where their names do not.
type TokenRules struct{ Cache, Reasoning Inclusion }

func compileTokens(t TokenRule) TokenRules {
	return TokenRules{Cache: meaning(inclusions(), t.Cache), Reasoning: meaning(inclusions(), t.Reasoning)}
}

// matcher says where a rule holds.
type matcher struct{ services, scopes []string }

func (m *matcher) matches(service, scope string) bool {
	return matchesAny(m.services, service) && matchesAny(m.scopes, scope)
}

func matchesAny(patterns []string, s string) bool {
	for _, p := range patterns {
		if prefix, open := strings.CutSuffix(p, "*"); open && strings.HasPrefix(s, prefix) || p == s {
			return true
		}
	}
	return len(patterns) == 0
}

// condition is what an attribute has to be.
type condition struct {
	attribute string
	values    []string
}

// Conditions are what a record's attributes have to be.
type Conditions []condition

// Each calls holds with every attribute and the values it may have, until one
// does not.
func (c Conditions) Each(holds func(attribute string, values []string) bool) bool {
	for i := range c {
		if !holds(c[i].attribute, c[i].values) {
			return false
		}
	}
	return true
}

func compileWhere(where map[string][]string) Conditions {
	var c Conditions
	for _, attribute := range sortedKeys(where) {
		c = append(c, condition{attribute, where[attribute]})
	}
	return c
}
