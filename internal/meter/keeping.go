package meter

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/journal"
)

// keeping is where and how a meter keeps what it counts. That may change while it
// counts: whoever needs the store takes it anew each time.
type keeping struct {
	// changing is held while the settings change, and taken before outbox.mu; it
	// guards closed.
	changing sync.Mutex
	closed   bool // nothing changes any more
	// under cancels the change that is under way, nil: none is.
	under atomic.Pointer[context.CancelCauseFunc]
	self  self // of which Open decides
	// writing is held while a generation, or a file of dedup keys, of a delta window
	// or of history is written, and while another store takes its place; it is taken
	// after outbox.mu.
	writing sync.Mutex
	// now is nil when nothing is kept. It changes with changing, outbox.mu and
	// writing held.
	now      atomic.Pointer[store]
	settings atomic.Pointer[PersistenceSettings]
	// numbered is the newest number that a file of history was given in a place that was
	// left: whoever still has a list of files of there must not take others for them.
	// writing guards it.
	numbered uint64

	configured PersistenceSettings

	overriding sync.Mutex // guards overridden
	overridden []string   // keys of settings that are not as they are configured, sorted

	health *health
	record record
	// due says that there is something to write at once, as a journal is too long or a
	// snapshot is owed; changed that the settings are others.
	due, changed chan struct{}
}

// wake lets whoever waits for it go on.
func wake(waiting chan<- struct{}) {
	select {
	case waiting <- struct{}{}:
	default:
	}
}

// self is whose state is kept.
type self struct {
	journal.Identity
	layoutSince int64 // Unix ns
}

func (k *keeping) init(o *Options, log *zap.Logger) {
	if o.Persistence == nil {
		o.Persistence = &Persistence{}
	}
	k.configured = PersistenceSettings{Enabled: o.Persistence.Enabled, Interval: o.Persistence.Interval}
	settings := k.configured
	k.settings.Store(&settings)
	k.health = newHealth(log)
	k.due, k.changed = make(chan struct{}, 1), make(chan struct{}, 1)
}

// store is where usage is kept at the moment, nil: nowhere. Another one may have taken
// its place when it is used; while keeping.writing is held, none does.
func (m *Meter) store() *store { return m.keeping.now.Load() }

// passed notes the numbers that a place which is left has given. writing is held.
func (k *keeping) passed(s *store) { k.numbered = max(k.numbered, s.journal.HistoryNumber()) }

// withStore calls use, if usage is kept, while nothing else is written.
func (m *Meter) withStore(use func(*store)) {
	m.keeping.writing.Lock()
	defer m.keeping.writing.Unlock()
	if s := m.store(); s != nil {
		use(s)
	}
}

// interval is how often the meter looks after itself.
func (m *Meter) interval() time.Duration {
	if m.store() == nil {
		return tidyInterval
	}
	return m.keeping.settings.Load().Interval
}

// failing says whether usage is to be kept and cannot be.
func (m *Meter) failing() bool { return m.store() != nil && m.keeping.health.failing.Load() }

// flush makes everything committed so far durable, if it is to be kept.
func (m *Meter) flush() error { return m.ofStore((*store).flush) }

// acknowledge returns nil when commits up to seq are as durable as promised.
func (m *Meter) acknowledge(seq uint64) error {
	return m.ofStore(func(s *store) error { return s.acknowledge(seq) })
}

// ofStore returns what do returns of the store, and does it again if another one has
// taken its place meanwhile.
func (m *Meter) ofStore(do func(*store) error) error {
	for s := m.store(); s != nil; {
		err := do(s)
		next := m.store()
		if next == s {
			return err
		}
		s = next
	}
	return nil
}
