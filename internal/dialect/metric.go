package dialect

import (
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Metric is one metric, or several that are alike.
type Metric struct {
	matcher
	Where   Conditions
	Of      string // http, rpc, db, messaging, gen_ai...
	Side    usage.Kind
	Measure Measure
	Unit    Unit
	Family  *Family
	Rank    usage.Rank
	// Types are the kinds of tokens by the value of TokenType; if nil, all points
	// are of Type.
	Types    map[string]TokenKind
	Type     TokenKind
	Unpriced bool
	Rules
	// Fields reads the attributes of points.
	Fields *Table
}

// metrics finds rules by the name of a metric.
type metrics struct {
	exact map[string][]*Metric
	open  []openMetric
}

// openMetric has a name of which only a part is known.
type openMetric struct {
	prefix, suffix string
	metric         *Metric
}

// Metrics appends the rules for a name in a service's scope to dst, to be tried in
// order. It is called once a metric, not once a point.
func (p *Program) Metrics(dst []*Metric, name, service, scope string) []*Metric {
	exact := p.metrics.exact[name]
	for _, m := range exact {
		if m.matches(service, scope) {
			dst = append(dst, m)
		}
	}
	if len(dst) > 0 {
		return dst
	}
	for i := range p.metrics.open {
		o := &p.metrics.open[i]
		if strings.HasPrefix(name, o.prefix) && strings.HasSuffix(name, o.suffix) && o.metric.matches(service, scope) {
			dst = append(dst, o.metric)
		}
	}
	return dst
}

// TokenKind is the kind of tokens that a value of TokenType stands for.
func (m *Metric) TokenKind(value string) TokenKind {
	if m.Types == nil {
		return m.Type
	}
	return m.Types[value]
}

func (p *Program) compileMetrics(f *File, dimensions []string) {
	if p.metrics.exact == nil {
		p.metrics.exact = map[string][]*Metric{}
	}
	for i := range f.Metrics {
		rule := &f.Metrics[i]
		m := p.compileMetric(f, rule, dimensions)
		for _, name := range rule.Name {
			switch {
			case strings.HasPrefix(name, "*"):
				p.metrics.open = append(p.metrics.open, openMetric{suffix: name[1:], metric: m})
			case strings.HasSuffix(name, "*"):
				p.metrics.open = append(p.metrics.open, openMetric{prefix: name[:len(name)-1], metric: m})
			default:
				p.metrics.exact[name] = append(p.metrics.exact[name], m)
			}
		}
	}
}

func (p *Program) compileMetric(f *File, rule *MetricRule, dimensions []string) *Metric {
	m := &Metric{
		matcher:  matcher{rule.Service, rule.Scope},
		Where:    compileWhere(rule.Where),
		Of:       rule.Of,
		Side:     meaning(sides(), rule.Side),
		Measure:  meaning(measures(), rule.Measure),
		Unit:     meaning(units(), rule.Unit),
		Family:   p.Family(f.family()),
		Rank:     usage.Rank(rule.Rank),
		Type:     meaning(tokenKinds(), rule.Type),
		Unpriced: rule.Priced != nil && !*rule.Priced,
		Rules:    compileCommon(rule.Common),
		Fields:   p.ownTable(f, rule.Fields, dimensions),
	}
	for _, value := range sortedKeys(rule.Types) {
		if m.Types == nil {
			m.Types = map[string]TokenKind{}
		}
		m.Types[value] = meaning(tokenKinds(), rule.Types[value])
	}
	return m
}
