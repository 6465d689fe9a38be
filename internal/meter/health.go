package meter

import (
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// health says whether what is metered can be kept: to the hosts of all live
// instances, to the log and to whoever asks.
type health struct {
	log *zap.Logger
	// broke wakes whoever mends, once for each time that failing begins.
	broke chan struct{}

	failing atomic.Bool

	mu     sync.Mutex // guards everything below, and is held while reporting
	hosts  map[*live]struct{}
	err    error     // why it fails
	logged time.Time // when the log was last told that it fails
}

func newHealth(log *zap.Logger) *health {
	return &health{log: log, broke: make(chan struct{}, 1), hosts: map[*live]struct{}{}}
}

// live is an instance between its Start and its Shutdown.
type live struct{ host component.Host }

// join adds the host of an instance, which is told if things fail already, and
// returns what takes it out again.
func (h *health) join(host component.Host) (leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := &live{host: host}
	h.hosts[l] = struct{}{}
	if h.failing.Load() {
		componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(h.err))
	}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.hosts, l)
	}
}

// logEvery is how often the log says that writing still fails.
const logEvery = time.Minute

// failed notes that something could not be written, unless it does not matter any
// more.
func (h *health) failed(err error, over *atomic.Bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if over.Load() {
		return
	}
	h.err = err
	if !h.failing.Swap(true) {
		h.report(componentstatus.NewRecoverableErrorEvent(err))
		select {
		case h.broke <- struct{}{}:
		default:
		}
	}
	if t := now(); t.Sub(h.logged) >= logEvery {
		h.logged = t
		h.log.Error("Usage cannot be written: it is kept in memory and not exported until it can be", zap.Error(err))
	}
}

// recovered notes that everything in memory was written.
func (h *health) recovered() {
	if !h.failing.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing.Store(false)
	h.err, h.logged = nil, time.Time{}
	h.report(componentstatus.NewEvent(componentstatus.StatusOK))
	h.log.Info("Usage is written again, nothing was lost")
}

// ended notes that nothing is to be written any more.
func (h *health) ended() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failing.Swap(false) {
		h.err, h.logged = nil, time.Time{}
		h.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

func (h *health) report(event *componentstatus.Event) {
	for l := range h.hosts {
		componentstatus.ReportStatus(l.host, event)
	}
}
