package usage

// Moment is one reading of both clocks.
type Moment struct {
	// Wall is in Unix nanoseconds. It may step, in both directions.
	Wall int64
	// Age is how old the state is, in nanoseconds: it never steps. While no
	// process runs it grows with the wall clock.
	Age int64
}
