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
	Measures
	Durations   Distribution
	FirstTokens Distribution
}

// Distribution is a histogram in plain form; its sum stands in [Measures].
type Distribution struct {
	// Zero counts durations of zero (exponential layout only).
	Zero uint64
	// Scale is the resolution; of exponential layouts only.
	Scale int32
	// Offset is the bucket index that Counts begins with.
	Offset int32
	Counts []uint64
}

// Count is the number of observations.
func (d *Distribution) Count() uint64 {
	n := d.Zero
	for _, c := range d.Counts {
		n += c
	}
	return n
}
