package usage

// Call is what tells one inference call apart from another that shows as several
// spans: each is a keyed hash, 0 where there is none.
type Call struct {
	// Self is the span's own ID in its trace, Parent that of its parent.
	Self, Parent uint64
	// Twin is trace, model and tokens: a wrapper repeats them and lasts longer.
	Twin uint64
	// Start and End are in Unix nanoseconds.
	Start, End int64
}

// Contains says whether a call lasts at least as long as another one.
func (c *Call) Contains(o *Call) bool { return c.Start <= o.Start && c.End >= o.End }
