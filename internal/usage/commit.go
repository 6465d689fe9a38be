package usage

// Definition introduces a series: from its slot to its identity.
type Definition struct {
	Slot   uint32
	Schema *Schema
	Values []string
	// Start is when the series began, in Unix nanoseconds.
	Start int64
}

// Commit is the unit of counting and of the journal: it takes effect as a
// whole or not at all.
type Commit struct {
	// Seq numbers commits without gaps, over restarts too.
	Seq uint64
	// Moment is when the commit happened; neither clock ever goes back.
	Moment
	Signal  Signal
	Ledger  Ledger
	Defined []Definition
	Deltas  []Delta
	// Keys are the dedup keys that this commit makes known.
	Keys []uint64
	// Choices, Calls and Streams are what it adds to, or changes in, the memory
	// by which one call counts once. What they refer to is the commit's own.
	Choices []Choice
	Calls   []Call
	Streams []Stream
	// Expired are the slots of series that end: what they counted becomes part of
	// retired rows.
	Expired []uint32
	// Sessions are those that the commit changes, as it leaves them.
	Sessions []Session
	// Reset is what a reset removes, before anything else in the commit; nil: nothing.
	Reset *Scope
}

// Totals are what a snapshot holds beside the series.
type Totals struct {
	// Seq is the newest commit contained in the totals.
	Seq uint64
	// Moment is the newest one given to a commit or an export.
	Moment
	Ledgers Ledgers
	// Window is the one that is on its way.
	Window Window
	// Since is from when on cumulative streams are known from their beginning, in
	// Unix nanoseconds; 0: that is not known.
	Since int64
	// Forgotten is the latest start of a stream that had to be forgotten, in Unix
	// nanoseconds; 0: none had to.
	Forgotten int64
	// Slots is how many slots there are, with a series or without.
	Slots uint32
	// History is what there is of it beside the rows of series.
	History History
	// Budgets are as the newest commit leaves them.
	Budgets []BudgetState
}
