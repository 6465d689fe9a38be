package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// File is a dialect as it is written: docs/dialects.md explains each key.
type File struct {
	// Name is what `dialects.disabled` calls it.
	Name  string `yaml:"name"`
	Title string `yaml:"title"`
	// Source and Version say whose names these are, and as of when.
	Source  string `yaml:"source"`
	Version string `yaml:"version"`
	// Order decides between files that give the same record different values of
	// one field: the lowest comes first. 0 stands for 50.
	Order int `yaml:"order"`
	// Family is whose calls the records tell of: signals of one family and
	// service are alternatives. Empty: the file's name.
	Family string `yaml:"family"`
	// Signals are those of the family, best first.
	Signals []string `yaml:"signals"`
	// Fields are the names of attributes, best first: of spans, and of log records
	// and data points whose rule has no fields of its own.
	Fields map[string][]Name `yaml:"fields"`
	// Roles say what a span is by the value of an attribute.
	Roles     map[string]map[string]string `yaml:"roles"`
	Scopes    []ScopeRule                  `yaml:"scopes"`
	Logs      []LogRule                    `yaml:"logs"`
	Metrics   []MetricRule                 `yaml:"metrics"`
	Providers ProviderNames                `yaml:"providers"`
}

// Name is a name of a field.
type Name struct {
	Name string `yaml:"name"`
	// JSON is the path of the field in an attribute that holds a JSON object.
	JSON string `yaml:"json"`
	Unit string `yaml:"unit"`
	// Cache and Reasoning say whether this number of tokens contains those.
	Cache     string `yaml:"cache"`
	Reasoning string `yaml:"reasoning"`
}

// nameKeys are the keys of a [Name]: a decoder of its own has to refuse others.
const nameKeys = "name, json, unit, cache, reasoning"

// UnmarshalYAML reads a name that is a text, or a mapping.
func (n *Name) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&n.Name)
	}
	known := map[string]*string{"name": &n.Name, "json": &n.JSON, "unit": &n.Unit, "cache": &n.Cache, "reasoning": &n.Reasoning}
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: a name, or a mapping with the keys %s, is accepted", node.Line, nameKeys)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		value, ok := known[node.Content[i].Value]
		if !ok {
			return fmt.Errorf("line %d: `%s` is unknown: the keys %s are accepted", node.Content[i].Line, node.Content[i].Value, nameKeys)
		}
		if err := node.Content[i+1].Decode(value); err != nil {
			return err
		}
	}
	return nil
}

// Match says where a rule holds; empty: everywhere. A `*` at the end of a name
// stands for any rest.
type Match struct {
	Service []string `yaml:"service"`
	Scope   []string `yaml:"scope"`
}

// TokenRule says what numbers of tokens contain, where their names do not.
type TokenRule struct {
	Cache     string `yaml:"cache"`
	Reasoning string `yaml:"reasoning"`
}

// ScopeRule is what holds for the records of a service or an instrumentation.
type ScopeRule struct {
	Match `yaml:",inline"`
	// Family takes over the records of other families.
	Family string    `yaml:"family"`
	Tokens TokenRule `yaml:"tokens"`
	// Provider is the one of records that name none.
	Provider string `yaml:"provider"`
	// Spans are roles by the span's name.
	Spans map[string]string `yaml:"spans"`
	// Priced is false where costs come in metrics of their own.
	Priced *bool `yaml:"priced"`
}

// LogRule is one kind of log record.
type LogRule struct {
	// Event are its names: attribute `event.name`, the event name or the body. A
	// rule without events is tried on all other records.
	Event []string `yaml:"event"`
	Match `yaml:",inline"`
	// Where are values that attributes have to have.
	Where map[string][]string `yaml:"where"`
	// Require are fields that the record has to have.
	Require []string `yaml:"require"`
	As      string   `yaml:"as"`
	// Rank orders rules of one family and signal that tell of the same calls.
	Rank   int `yaml:"rank"`
	Common `yaml:",inline"`
	Fields map[string][]Name `yaml:"fields"`
}

// Common is what rules for logs and for metrics can say.
type Common struct {
	Provider string `yaml:"provider"`
	// Operation is the one of records that name none.
	Operation string `yaml:"operation"`
	// Outcome is the one of all records of the rule, instead of what they say.
	Outcome string    `yaml:"outcome"`
	Tokens  TokenRule `yaml:"tokens"`
}

// MetricRule is one metric, or several that are alike.
type MetricRule struct {
	// Name are the metric's names; one with a `*` at its beginning or its end
	// stands for all that end or begin so.
	Name  []string `yaml:"name"`
	Match `yaml:",inline"`
	// Where are values that attributes of points have to have.
	Where map[string][]string `yaml:"where"`
	// Of is what kind of calls it is about: http, rpc, db, messaging, gen_ai...
	Of string `yaml:"of"`
	// Side is `endpoint` or `provider`.
	Side    string `yaml:"side"`
	Measure string `yaml:"measure"`
	Unit    string `yaml:"unit"`
	Rank    int    `yaml:"rank"`
	// Types maps values of the field token_type to kinds of tokens; Type is the
	// kind of all points.
	Types map[string]string `yaml:"types"`
	Type  string            `yaml:"type"`
	// Priced is false where costs come in a metric of their own.
	Priced *bool `yaml:"priced"`
	Common `yaml:",inline"`
	Fields map[string][]Name `yaml:"fields"`
}

// ProviderNames are how providers are called, and where they are reached.
type ProviderNames struct {
	// Aliases are other names of a canonical one.
	Aliases map[string][]string `yaml:"aliases"`
	// Frameworks are never a provider.
	Frameworks []string `yaml:"frameworks"`
	// Hosts are the hosts of inference APIs; a `*` stands for any part.
	Hosts map[string][]string `yaml:"hosts"`
	// Models are how names of models begin that only one provider has.
	Models map[string][]string `yaml:"models"`
}

// maxFile is more than anybody writes by hand.
const maxFile = 1 << 20

// Parse reads a dialect file; name is what errors call it.
func Parse(name string, data []byte) (*File, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("`%s` has %d bytes: at most %d are accepted", name, len(data), maxFile)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	f := &File{}
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("`%s` is no dialect: %w", name, err)
	}
	if err := d.Decode(&File{}); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("`%s` holds more than one document: one is accepted", name)
	}
	if err := f.validate(); err != nil {
		return nil, fmt.Errorf("`%s`: %w", name, err)
	}
	return f, nil
}
