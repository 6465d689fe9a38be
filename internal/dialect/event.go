package dialect

import "github.com/otelusage/usageprocessor/internal/usage"

// Event is one kind of log record.
type Event struct {
	matcher
	Where   Conditions
	Require []Field
	Role    Role
	Family  *Family
	Rank    usage.Rank
	Rules
	// Fields reads the record's attributes.
	Fields *Table
}

// Rules are what a rule says of its records where they do not.
type Rules struct {
	Provider  string
	Operation string
	// Outcome is that of all records, if HasOutcome.
	Outcome    usage.Outcome
	HasOutcome bool
	Tokens     TokenRules
}

// Events returns the rules for a name, to be tried in order; those for records
// of any name are under the empty one.
func (p *Program) Events(name string) []*Event { return p.events[name] }

// Matches says whether the rule holds for a service and a scope.
func (e *Event) Matches(service, scope string) bool { return e.matches(service, scope) }

func (p *Program) compileLogs(f *File, dimensions []string) {
	for _, rule := range f.Logs {
		e := &Event{
			matcher: matcher{rule.Service, rule.Scope},
			Where:   compileWhere(rule.Where),
			Role:    meaning(logRoles(), rule.As),
			Family:  p.Family(f.family()),
			Rank:    usage.Rank(rule.Rank),
			Rules:   compileCommon(rule.Common),
			Fields:  p.ownTable(f, rule.Fields, dimensions),
		}
		for _, key := range rule.Require {
			field, _ := fieldOf(key)
			e.Require = append(e.Require, field)
		}
		names := rule.Event
		if len(names) == 0 {
			names = []string{""}
		}
		for _, name := range names {
			p.events[name] = append(p.events[name], e)
		}
	}
}

// compileLines gives the rules for records of any name one table: their
// attributes are read once, whatever the number of rules.
func (p *Program) compileLines(o Options) {
	var entries []Entry
	next := map[Field]uint16{}
	for _, f := range o.Files {
		for _, rule := range f.Logs {
			if len(rule.Event) == 0 {
				entries = appendFields(entries, rule.Fields, next)
			}
		}
	}
	for _, f := range o.Files {
		entries = appendFields(entries, f.Fields, next)
	}
	p.Lines = newTable(appendDimensions(entries, o.Dimensions))
	for _, e := range p.events[""] {
		e.Fields = p.Lines
	}
}

// ownTable is the table of a rule: its own fields before those of its file, or
// what all files have if it has none. Sessions go by the names of all files:
// whoever sends a record, its session may be somebody else's.
func (p *Program) ownTable(f *File, own map[string][]Name, dimensions []string) *Table {
	if len(own) == 0 {
		return p.Base
	}
	next := map[Field]uint16{}
	entries := appendFields(nil, own, next)
	entries = appendFields(entries, p.sessions, next)
	entries = appendFields(entries, f.Fields, next)
	return newTable(appendDimensions(entries, dimensions))
}

func compileCommon(c Common) Rules {
	r := Rules{Provider: c.Provider, Operation: c.Operation, Tokens: compileTokens(c.Tokens)}
	if c.Outcome != "" {
		r.Outcome, r.HasOutcome = meaning(outcomes(), c.Outcome), true
	}
	return r
}
