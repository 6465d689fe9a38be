package meter

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pipeline"
)

// graphHost has the shape of the Collector's service/internal/graph.HostWrapper.
type graphHost struct {
	*graphShared
	InstanceID *componentstatus.InstanceID
}

type graphShared struct{}

func (*graphShared) GetExtensions() map[component.ID]component.Component { return nil }

func TestPipelineOf(t *testing.T) {
	instance := func(pipelines ...pipeline.ID) *componentstatus.InstanceID {
		return componentstatus.NewInstanceID(component.MustNewID("usage"), component.KindProcessor, pipelines...)
	}
	metrics := pipeline.NewIDWithName(pipeline.SignalMetrics, "prometheus")
	for name, c := range map[string]struct {
		host component.Host
		want string
	}{
		"the Collector's":       {&graphHost{&graphShared{}, instance(metrics)}, "metrics/prometheus"},
		"of several pipelines":  {&graphHost{&graphShared{}, instance(pipeline.NewID(pipeline.SignalTraces), metrics)}, "metrics/prometheus"},
		"without name":          {&graphHost{&graphShared{}, instance(pipeline.NewID(pipeline.SignalMetrics))}, "metrics"},
		"of no pipeline":        {&graphHost{&graphShared{}, instance()}, ""},
		"of no instance":        {&graphHost{}, ""},
		"nil":                   {nil, ""},
		"nil pointer":           {(*graphHost)(nil), ""},
		"a test's":              {componenttest.NewNopHost(), ""},
		"no struct":             {hostFunc(nil), ""},
		"with a hidden field":   {hiddenHost{}, ""},
		"with another type":     {otherHost{InstanceID: "metrics"}, ""},
		"with a field below it": {belowHost{}, ""},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, pipelineOf(c.host)) })
	}
}

type hostFunc func()

func (hostFunc) GetExtensions() map[component.ID]component.Component { return nil }

type hiddenHost struct {
	instanceID *componentstatus.InstanceID //nolint:unused // what is looked for must not be found here
}

func (hiddenHost) GetExtensions() map[component.ID]component.Component { return nil }

type otherHost struct{ InstanceID string }

func (otherHost) GetExtensions() map[component.ID]component.Component { return nil }

type belowHost struct{ *graphHost }

func (belowHost) GetExtensions() map[component.ID]component.Component { return nil }
