package engine

import (
	"sync"
	"sync/atomic"

	"github.com/otelusage/usageprocessor/internal/engine/dedup"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Options are what an engine is made of.
type Options struct {
	// Schemas is shared with whoever makes keys.
	Schemas *usage.Schemas
	// Hasher is the one that batches are hashed with.
	Hasher usage.Hasher
	// Layout says how durations fall into buckets.
	Layout *usage.Layout
	// Journal, if set, is given every commit, in order, under the engine's
	// lock: it may only buffer. The commit is valid until Journal returns.
	Journal func(*usage.Commit)
	// JournalWindow, if set, is given every change of the window that is on its
	// way, under the same terms.
	JournalWindow func(*usage.Window)
	// Dedup remembers what was counted; nil: everything counts. It belongs to
	// the engine, whose lock guards it.
	Dedup  *dedup.Window
	Limits Limits
	// Retention is how long a series may be idle, in nanoseconds; 0: for ever.
	Retention int64
	// SessionTTL is how long a session is active that is not heard of, in
	// nanoseconds; MaxSessions is how many are at the same time.
	SessionTTL  int64
	MaxSessions int
	// Budgets are counted beside the series, MaxBudgets at most.
	Budgets []Budget
	// Calendar says when hours begin; nil: that of UTC.
	Calendar *usage.Calendar
	// Observer is told what happens; nil: nobody.
	Observer Observer
	// Since is when counting begins, in Unix nanoseconds: cumulative streams that
	// began later count from their first point on. State that is restored has its
	// own.
	Since int64
}

// Engine holds the series of one component.
type Engine struct {
	options  Options
	observer Observer
	crossed  func(budget, level int) // of the observer
	minute   atomic.Int64            // of the dedup window, written with mu held

	mu      sync.Mutex // guards everything below
	table   table
	retired retired
	history history
	imports imports
	folding folding
	wheel   wheel
	claims  map[string]int   // inference series by usage.AppendClaim
	series  [usage.Kinds]int // live series by kind
	endings uint64           // of series, so far
	seq     uint64           // newest commit
	moment  usage.Moment     // newest one given to a commit or an export
	books   books
	window  usage.Window // on its way to the exits
	// what makes one call count once
	choices choices
	calls   calls
	streams streams
	budgets budgets
	// sessions and what the commit adds to the series of their owners
	sessions sessions
	tallies  []usage.Delta
	hour     int64        // of what ends in it, a Unix second
	commit   usage.Commit // reused by every commit
}

// books are the ledgers and the newest commit in them, which is ahead of the
// engine's only while the journal is replayed on top of a snapshot.
type books struct {
	ledgers usage.Ledgers
	seq     uint64
}

// add books what a commit received, unless it is in there.
func (b *books) add(c *usage.Commit) {
	if b.seq < c.Seq {
		b.ledgers[c.Signal].Add(&c.Ledger)
		b.seq = c.Seq
	}
}

// New returns an empty engine.
func New(options Options) *Engine {
	e := &Engine{options: options, observer: options.Observer}
	if e.observer == nil {
		e.observer = Nop{}
	}
	e.crossed = e.observer.Crossed
	e.Forget()
	return e
}

// Stats are numbers about the engine itself.
type Stats struct {
	Seq     uint64
	Ledgers usage.Ledgers
	Series  [usage.Kinds]int // live
	// Sessions are active.
	Sessions int
}

// Stats returns a consistent set of numbers.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Stats{Seq: e.seq, Ledgers: e.books.ledgers, Series: e.series, Sessions: e.sessions.active}
}
