package dialect

import "strings"

// Providers knows what providers are called and where they are reached.
type Providers struct {
	names  map[string]string // in lower case; frameworks map to nothing
	hosts  map[string]string
	open   []openHost
	models []word[string] // how names of models begin, and whose they are
}

// openHost is a host of which only a part is known.
type openHost struct{ prefix, suffix, provider string }

// Canonical returns the canonical name of a provider that is called name, in
// lower case. Known names without a canonical one are frameworks.
func (p *Providers) Canonical(name []byte) (canonical string, known bool) {
	canonical, known = p.names[string(name)]
	return canonical, known
}

// AtHost returns the provider whose API is at a host, in lower case.
func (p *Providers) AtHost(host []byte) string {
	if provider, ok := p.hosts[string(host)]; ok {
		return provider
	}
	for i := range p.open {
		if o := &p.open[i]; len(host) >= len(o.prefix)+len(o.suffix) &&
			string(host[:len(o.prefix)]) == o.prefix && string(host[len(host)-len(o.suffix):]) == o.suffix {
			return o.provider
		}
	}
	return ""
}

// OfModel returns the provider that alone has models called like this one.
func (p *Providers) OfModel(model string) string {
	for i := range p.models {
		if strings.HasPrefix(model, p.models[i].name) {
			return p.models[i].value
		}
	}
	return ""
}

func compileProviders(files []*File) *Providers {
	p := &Providers{names: map[string]string{}, hosts: map[string]string{}}
	for _, f := range files {
		n := &f.Providers
		for _, canonical := range sortedKeys(n.Aliases) {
			setDefault(p.names, canonical, canonical)
			for _, alias := range n.Aliases[canonical] {
				setDefault(p.names, strings.ToLower(alias), canonical)
			}
		}
		for _, framework := range n.Frameworks {
			setDefault(p.names, strings.ToLower(framework), "")
		}
		for _, provider := range sortedKeys(n.Hosts) {
			for _, host := range n.Hosts[provider] {
				p.addHost(strings.ToLower(host), provider)
			}
		}
		for _, provider := range sortedKeys(n.Models) {
			for _, prefix := range n.Models[provider] {
				p.models = append(p.models, word[string]{prefix, provider})
			}
		}
	}
	return p
}

func (p *Providers) addHost(host, provider string) {
	prefix, suffix, open := strings.Cut(host, "*")
	if open {
		p.open = append(p.open, openHost{prefix, suffix, provider})
		return
	}
	setDefault(p.hosts, host, provider)
}

// setDefault keeps what an earlier file has said.
func setDefault(m map[string]string, key, value string) {
	if _, ok := m[key]; !ok {
		m[key] = value
	}
}
