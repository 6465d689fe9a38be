package usage

// Row is a series as seen from outside. What it refers to is owned by whoever
// asked for it and does not change.
type Row struct {
	Slot   uint32
	Schema *Schema
	Values []string
	// Start is when the series began, in Unix nanoseconds.
	Start int64
	// Seq is the newest commit contained in the row.
	Seq uint64
	// Touched is the age of the state at which the series last changed, in
	// nanoseconds, or NotKnown.
	Touched int64
	Measures
	Durations   Distribution
	FirstTokens Distribution
	// Starts are when each field's stretch of time begins, if the row is what
	// has changed in a window; nil: all begin with the series.
	Starts *FieldTimes
	// Sessions are active, if the row is what has changed in a window; otherwise
	// Active tells.
	Sessions int64
	// Reported is what windows have contained of the series; nil: nothing.
	Reported *Reported
	// Hours are the parts of Measures that were counted in hours which are in no
	// file. Only snapshots have them.
	Hours []HourMeasures
}

// NotKnown is an age that nobody has written down.
const NotKnown = -1

// Retired is what series of one base identity had counted when they ended.
type Retired struct {
	Schema *Schema // the base one of its kind, or that of the overflow
	Values []string
	Measures
}
