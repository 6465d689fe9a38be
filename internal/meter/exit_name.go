package meter

import (
	"reflect"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pipeline"
)

// pipelineOf returns the ID of the pipeline that an instance stands in, empty if
// that is not known.
//
// Who has taken a delta window is remembered over restarts, so an exit needs a
// name that stays the same. The ID of its pipeline is one, but the Collector
// does not tell components: all instances of a processor get the same settings.
// It gives each a host of its own, though, for component status, which is of the
// type
//
//	type HostWrapper struct { *Host; InstanceID *componentstatus.InstanceID }
//
// in service/internal/graph (v0.155.0). Its exported field is read here. A host
// without such a field, of a later Collector or of a test, is no error: exits
// are then numbered as they start, and all that can happen is that a window
// which was on its way during a restart goes to the wrong one of several.
func pipelineOf(host component.Host) (id string) {
	v := reflect.Indirect(reflect.ValueOf(host))
	if v.Kind() != reflect.Struct {
		return ""
	}
	// Only a field of the struct itself: behind an embedded pointer may be nil.
	field, ok := v.Type().FieldByName("InstanceID")
	if !ok || !field.IsExported() || len(field.Index) != 1 {
		return ""
	}
	instance, ok := reflect.TypeAssert[*componentstatus.InstanceID](v.FieldByIndex(field.Index))
	if !ok || instance == nil {
		return ""
	}
	instance.AllPipelineIDs(func(p pipeline.ID) bool {
		id = p.String()
		return false
	})
	return id
}
