package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// Observer is told what happens to series and sessions while it happens, under the
// engine's lock: it may only take note. Replay tells it nothing, because the
// process that counted has.
type Observer interface {
	// Created is told of a new series.
	Created(usage.Kind)
	// Expired is told of a series that has ended.
	Expired(usage.Kind)
	// Folded is told of what is counted, in a commit, for an identity that has no
	// series of its own.
	Folded(usage.Kind)
	// Untracked is told of a session for which there is no room.
	Untracked()
	// Crossed is told of a budget of which one of the levels is reached, by number.
	Crossed(budget, level int)
}

// Nop is an observer that takes no note.
type Nop struct{}

// Created takes no note.
func (Nop) Created(usage.Kind) {}

// Expired takes no note.
func (Nop) Expired(usage.Kind) {}

// Folded takes no note.
func (Nop) Folded(usage.Kind) {}

// Untracked takes no note.
func (Nop) Untracked() {}

// Crossed takes no note.
func (Nop) Crossed(_, _ int) {}
