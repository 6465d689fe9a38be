package dialect

// Scope is what holds for the records of a service or an instrumentation.
type Scope struct {
	matcher
	// Family, if not nil, takes over the records.
	Family   *Family
	Tokens   TokenRules
	Provider string
	Unpriced bool // costs come in metrics of their own
	// Spans are roles by the span's name; nil: none.
	Spans map[string]Role
}

// scopes are looked for once a scope, not once a record.
type scopes []*Scope

// Scope returns what holds for the records of a service's scope; nil: nothing.
func (p *Program) Scope(service, scope string) *Scope {
	for _, s := range p.scopes {
		if s.matches(service, scope) {
			return s
		}
	}
	return nil
}

func (p *Program) compileScopes(f *File) {
	for _, rule := range f.Scopes {
		s := &Scope{
			matcher: matcher{rule.Service, rule.Scope}, Tokens: compileTokens(rule.Tokens),
			Provider: rule.Provider, Unpriced: rule.Priced != nil && !*rule.Priced,
		}
		if rule.Family != "" {
			s.Family = p.Family(rule.Family)
		}
		for _, name := range sortedKeys(rule.Spans) {
			if s.Spans == nil {
				s.Spans = map[string]Role{}
			}
			s.Spans[name] = meaning(roles(), rule.Spans[name])
		}
		p.scopes = append(p.scopes, s)
	}
}
