package meter

import (
	"sync/atomic"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// observed counts what the engine tells while it holds its lock; it is read when
// somebody collects.
type observed struct {
	created, expired, folds byKind
	untracked               atomic.Int64
	crossings               crossings
}

var _ engine.Observer = (*observed)(nil)

// Created counts a new series.
func (o *observed) Created(kind usage.Kind) { o.created[kind].Add(1) }

// Expired counts a series that has ended.
func (o *observed) Expired(kind usage.Kind) { o.expired[kind].Add(1) }

// Folded counts what is counted for an identity without a series of its own.
func (o *observed) Folded(kind usage.Kind) { o.folds[kind].Add(1) }

// Untracked counts a session for which there is no room.
func (o *observed) Untracked() { o.untracked.Add(1) }

// Crossed notes that a budget has reached a level.
func (o *observed) Crossed(budget, level int) { o.crossings.add(crossing{budget, level}) }

// byKind is a number for each kind of series.
type byKind [usage.Kinds]atomic.Int64
