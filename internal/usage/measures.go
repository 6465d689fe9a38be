package usage

import "math"

// Measures are the additive values of a series, a delta or a record. All are
// integers that saturate instead of wrapping; times are nanoseconds, so that
// sums do not depend on the order of additions.
type Measures struct {
	Requests         [Outcomes]int64
	Duration         int64 // ns, summed
	RequestBytes     int64
	ResponseBytes    int64
	Tokens           [TokenTypes]int64
	TimeToFirstToken int64 // ns, summed
	// CostReported is what the telemetry itself said, CostPriced what a price
	// table made of tokens, in nano-USD. No call is in both.
	CostReported int64
	CostPriced   int64
	Unpriced     int64 // requests with tokens that no price is known for
	// InputOwed and OutputOwed are tokens that stand in Input and Output although
	// they belong to the cache or to reasoning: metrics tell of parts and wholes
	// in points of their own, and a whole may come a batch before its part. What
	// is owed is taken off the next input, so that no counter ever falls.
	InputOwed  int64
	OutputOwed int64
	// Opened and Closed count sessions; those that are not closed are active.
	Opened int64
	Closed [CloseReasons]int64
	// Hits is how many records met the condition of a meter, Value the whole part
	// of the sum of their values and ValueParts what remains, in billionths, which
	// is summed apart: neither addition carries.
	Hits       int64
	Value      int64
	ValueParts int64
}

// Add adds o to m.
func (m *Measures) Add(o *Measures) {
	more := o.Fields()
	for i, f := range m.Fields() {
		*f = AddSaturating(*f, *more[i])
	}
}

// Subtract subtracts o from m, where o is an earlier state of m. What o has more,
// which it cannot have then, counts as equal.
func (m *Measures) Subtract(o *Measures) {
	less := o.Fields()
	for i, f := range m.Fields() {
		*f -= min(*f, *less[i])
	}
}

// Any says whether there is anything: data points may tell of tokens or costs
// without requests.
func (m *Measures) Any() bool { return *m != Measures{} }

// TotalRequests is the number of requests over all outcomes.
func (m *Measures) TotalRequests() int64 {
	var n int64
	for _, v := range m.Requests {
		n = AddSaturating(n, v)
	}
	return n
}

// TotalTokens is the number of tokens over all types.
func (m *Measures) TotalTokens() int64 {
	var n int64
	for _, v := range m.Tokens {
		n = AddSaturating(n, v)
	}
	return n
}

// TotalCost is what all calls cost, in nano-USD, as far as that is known.
func (m *Measures) TotalCost() int64 { return AddSaturating(m.CostReported, m.CostPriced) }

// Active is the number of sessions that are open.
func (m *Measures) Active() int64 {
	closed := int64(0)
	for _, n := range m.Closed {
		closed = AddSaturating(closed, n)
	}
	return max(0, m.Opened-closed)
}

// AddSaturating adds two non-negative numbers and stops at the largest int64.
func AddSaturating(a, b int64) int64 {
	if sum := a + b; sum >= 0 {
		return sum
	}
	return math.MaxInt64
}
