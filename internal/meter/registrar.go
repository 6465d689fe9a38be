package meter

import "go.opentelemetry.io/collector/component"

// Registrar is an extension that shows and manages meters. Every meter registers with
// all of them while it is open; unregister returns when the extension does not use it
// any more.
type Registrar interface {
	Register(id component.ID, m *Meter) (unregister func())
}

// register lets the extensions of a host know of a meter.
func register(set Settings, m *Meter) (unregister []func()) {
	if set.Host == nil {
		return nil
	}
	for _, extension := range set.Host.GetExtensions() {
		if r, ok := extension.(Registrar); ok {
			unregister = append(unregister, r.Register(set.ID, m))
		}
	}
	return unregister
}
