package usage

// Delta is what one commit adds to one series in one hour.
type Delta struct {
	// Slot is the series' number in the engine; set when the batch is committed.
	Slot uint32
	// Hour is when the calls ended: the Unix second at which that hour begins.
	Hour int64
	Measures
	// Durations and FirstTokens hold a bucket for every observation, unordered.
	Durations   []Bucket
	FirstTokens []Bucket
}

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
}
