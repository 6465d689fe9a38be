package rule

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottldatapoint"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Condition says whether a record meets it. An error means that it could not be
// told.
type Condition func(Record) (met bool, err error)

// Value returns the number that a record has; ok is false if what it has is not
// one that can be added up. A record without a value has the number zero.
type Value func(Record) (n Number, ok bool, err error)

// CompileCondition compiles a condition about records of a signal.
func CompileCondition(signal usage.Signal, text string) (Condition, error) {
	c, err := languages[signal].condition(text)
	if err != nil {
		return nil, fmt.Errorf("is no OTTL condition about %s: %w", signal, err)
	}
	if strings.TrimSpace(text) == "true" {
		return func(Record) (bool, error) { return true, nil }, nil
	}
	if part := match(comparison, signal, text); part != nil {
		return equality(part[2], part[3]), nil
	}
	return c, nil
}

// CompileValue compiles an expression about records of a signal.
func CompileValue(signal usage.Signal, text string) (Value, error) {
	v, err := languages[signal].value(text)
	if err != nil {
		return nil, fmt.Errorf("is no OTTL value of %s: %w", signal, err)
	}
	if part := match(attribute, signal, text); part != nil {
		return lookup(part[2]), nil
	}
	return v, nil
}

// What needs no OTTL: an attribute of the record, and whether one is a text. Texts
// with escapes are left to OTTL.
var (
	path       = `\s*(?:([a-z]+)\.)?attributes\["([^"\\]*)"\]\s*`
	attribute  = regexp.MustCompile(`^` + path + `$`)
	comparison = regexp.MustCompile(`^` + path + `==\s*"([^"\\]*)"\s*$`)
)

// match returns the parts of a rule that is plain: its path is of the record itself,
// whose context may be left out. Otherwise it returns nil.
func match(form *regexp.Regexp, signal usage.Signal, text string) []string {
	part := form.FindStringSubmatch(text)
	if len(part) > 0 && (part[1] == "" || part[1] == languages[signal].name) {
		return part
	}
	return nil
}

func equality(name, text string) Condition {
	return func(r Record) (bool, error) {
		v, ok := r.Attributes().Get(name)
		return ok && v.Type() == pcommon.ValueTypeStr && v.Str() == text, nil
	}
}

func lookup(name string) Value {
	return func(r Record) (Number, bool, error) {
		v, ok := r.Attributes().Get(name)
		if !ok {
			return Number{}, true, nil
		}
		n, ok := ofValue(v)
		return n, ok, nil
	}
}

// language is OTTL as it is about one signal.
type language struct {
	name      string // of its context
	condition func(text string) (Condition, error)
	value     func(text string) (Value, error)
}

var languages = [usage.Signals]language{
	usage.Traces:  newLanguage(ottlspan.ContextName, ottlspan.NewParser, (*Span).transform, ottlfuncs.NewIsRootSpanFactoryNew()),
	usage.Logs:    newLanguage(ottllog.ContextName, ottllog.NewParser, (*Log).transform),
	usage.Metrics: newLanguage(ottldatapoint.ContextName, ottldatapoint.NewParser, (*Point).transform),
}

// newParser is how every context makes its parser.
type newParser[K any] func(map[string]ottl.Factory[K], component.TelemetrySettings, ...ottl.Option[K]) (ottl.Parser[K], error)

// newLanguage makes the rules of one kind of record, whose context is of type K. Own
// are the converters that only this kind has.
func newLanguage[K, R any](name string, newParser newParser[K], transform func(R) K, own ...ottl.Factory[K]) language {
	parser := func() (ottl.Parser[K], error) {
		converters := ottlfuncs.StandardConverters[K]()
		for _, f := range own {
			converters[f.Name()] = f
		}
		// What OTTL would log concerns those who write parsers.
		return newParser(converters, component.TelemetrySettings{Logger: zap.NewNop()})
	}
	condition := func(text string) (Condition, error) {
		p, err := parser()
		if err != nil {
			return nil, err
		}
		c, err := p.ParseCondition(text)
		if err != nil {
			return nil, err
		}
		return func(r Record) (bool, error) { return c.Eval(context.Background(), transform(r.(R))) }, nil
	}
	value := func(text string) (Value, error) {
		p, err := parser()
		if err != nil {
			return nil, err
		}
		v, err := p.ParseValueExpression(text)
		if err != nil {
			return nil, err
		}
		return func(r Record) (Number, bool, error) {
			found, err := v.Eval(context.Background(), transform(r.(R)))
			if err != nil {
				return Number{}, false, err
			}
			n, ok := ofAny(found)
			return n, ok, nil
		}, nil
	}
	return language{name, condition, value}
}
