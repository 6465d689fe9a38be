package meter

import (
	"sync"

	"go.opentelemetry.io/collector/component"
)

// Shared holds the open meters of one factory by component ID. It belongs to a
// factory value and is no package variable: a reload makes new factories after
// everything of the old ones was shut down.
type Shared struct {
	mu    sync.Mutex           // guards everything below
	exits map[component.ID]int // instances in metrics pipelines
	open  map[component.ID]*sharedMeter
}

type sharedMeter struct {
	meter      *Meter
	users      int
	unregister []func()
}

// NewShared returns a holder of no meters.
func NewShared() *Shared {
	return &Shared{exits: map[component.ID]int{}, open: map[component.ID]*sharedMeter{}}
}

// ExpectExit notes that an instance in a metrics pipeline exists.
func (s *Shared) ExpectExit(id component.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exits[id]++
}

// Acquire returns the meter of a component, opening it for its first user.
func (s *Shared) Acquire(set Settings, options Options) (*Meter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if entry, ok := s.open[set.ID]; ok {
		entry.users++
		entry.meter.outbox.expect(s.exits[set.ID])
		return entry.meter, nil
	}
	m, err := Open(set, options)
	if err != nil {
		return nil, err
	}
	for _, warning := range options.Warnings {
		set.Telemetry.Logger.Warn(warning)
	}
	if s.exits[set.ID] == 0 {
		set.Telemetry.Logger.Warn("No metrics pipeline contains this processor: usage is metered and kept, but never exported")
	}
	m.outbox.expect(s.exits[set.ID])
	s.open[set.ID] = &sharedMeter{meter: m, users: 1, unregister: register(set, m)}
	return m, nil
}

// Release ends one use of a meter that Acquire returned and closes it after
// its last.
func (s *Shared) Release(id component.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := s.open[id]
	entry.users--
	if entry.users > 0 {
		return nil
	}
	delete(s.open, id)
	for _, unregister := range entry.unregister {
		unregister()
	}
	return entry.meter.Close()
}
