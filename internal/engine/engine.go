package engine

import (
	"sync"

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
}

// Engine holds the series of one component.
type Engine struct {
	options Options

	mu     sync.Mutex // guards everything below
	table  table
	claims map[string]struct{} // of inference series, see usage.AppendClaim
	series [2]int              // live series by kind
	seq    uint64              // newest commit
	time   int64               // newest time given to a commit or an export, Unix ns
	ledger usage.Ledger
	// ledgerSeq is the newest commit in the ledger; ahead of seq only while
	// the journal is replayed on top of a snapshot.
	ledgerSeq uint64
	commit    usage.Commit // reused by every commit
}

// New returns an empty engine.
func New(options Options) *Engine {
	return &Engine{options: options, table: newTable(), claims: map[string]struct{}{}}
}

// Stats are numbers about the engine itself.
type Stats struct {
	Seq    uint64
	Ledger usage.Ledger
	Series [2]int // live, by usage.Kind
}

// Stats returns a consistent set of numbers.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Stats{Seq: e.seq, Ledger: e.ledger, Series: e.series}
}
