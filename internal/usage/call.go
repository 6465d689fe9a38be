package usage

// Call is what tells one inference call apart from another that shows as several
// spans: each is a keyed hash, 0 where there is none.
type Call struct {
	// Self is the span's own ID in its trace, Parent that of its parent.
	Self, Parent uint64
	// Twin is service, trace, model and tokens: a wrapper repeats them and lasts
	// longer.
	Twin uint64
	// Response is the ID that the provider gave the response.
	Response uint64
	// Start and End are in Unix nanoseconds.
	Start, End int64
}

// MayWrap says whether one of two calls with the same Twin may be around the
// other. Calls side by side, which have the same parent, or other responses, are
// two that happen to be alike.
func (c *Call) MayWrap(o *Call) bool {
	return (c.Parent == 0 || c.Parent != o.Parent) &&
		(c.Response == 0 || o.Response == 0 || c.Response == o.Response) &&
		(c.Contains(o) || o.Contains(c))
}

// Contains says whether a call lasts at least as long as another one.
func (c *Call) Contains(o *Call) bool { return c.Start <= o.Start && c.End >= o.End }
