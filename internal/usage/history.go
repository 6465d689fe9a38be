package usage

// Granularity is how long the buckets of history are.
// The numbers are part of the stored format: append only.
type Granularity uint8

const (
	// Hourly buckets are hours of the day.
	Hourly Granularity = iota
	// Daily buckets are days of the calendar.
	Daily
)

// String is the name used in queries.
func (g Granularity) String() string {
	if g == Daily {
		return "day"
	}
	return "hour"
}

// Period is an hour or a day of local time, in Unix seconds: from Start, before End.
type Period struct {
	Granularity Granularity
	Start, End  int64
}

// HistoryRow is what the series of one identity have counted in a bucket: what they
// really gained. What is owed was taken off there, and is no part of history.
type HistoryRow struct {
	Schema *Schema
	Values []string
	Measures
}

// HourRow is a row of an hour that is not in a file.
type HourRow struct {
	Hour int64 // at which it begins, a Unix second
	HistoryRow
}

// HourMeasures is what a live series has counted in an hour that is not in a file.
type HourMeasures struct {
	Hour int64 // at which it begins, a Unix second
	Measures
}

// HistoryFile is a bucket that is over and stands in a file.
type HistoryFile struct {
	Number uint64
	Period
	Rows int
	// Folded says that one of the rows is of identities for which there was no room.
	Folded bool
	// Sums are those of all rows, by kind.
	Sums [Kinds]Measures
}

// History is what a snapshot holds of history beside the rows.
type History struct {
	Files []HistoryFile
	// ClosedUntil is where the hours begin that may still be added to, a Unix second:
	// those before are as they will be for ever.
	ClosedUntil int64
	// Gone are the totals that are in no bucket: of buckets that were dropped, or
	// counted before there was any history. By kind, they and all buckets
	// are what was counted.
	Gone [Kinds]Measures
	// Inexact says that this may not be so: something was reset of which a part was not
	// known by its identity any more, in one of the two or in Gone.
	Inexact bool
	// Erased are resets that files do not know of.
	Erased []Erased
}
