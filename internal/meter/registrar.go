package meter

import "go.opentelemetry.io/collector/component"

// Registrar is an extension that shows and manages meters. Every meter registers with
// all of them while it is open; unregister returns when the extension does not use it
// any more.
type Registrar interface {
	Register(id component.ID, m *Meter) (unregister func())
}
