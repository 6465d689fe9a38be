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
}

// Add adds o to m.
func (m *Measures) Add(o *Measures) {
	for i, v := range o.Requests {
		m.Requests[i] = AddSaturating(m.Requests[i], v)
	}
	m.Duration = AddSaturating(m.Duration, o.Duration)
	m.RequestBytes = AddSaturating(m.RequestBytes, o.RequestBytes)
	m.ResponseBytes = AddSaturating(m.ResponseBytes, o.ResponseBytes)
	for i, v := range o.Tokens {
		m.Tokens[i] = AddSaturating(m.Tokens[i], v)
	}
	m.TimeToFirstToken = AddSaturating(m.TimeToFirstToken, o.TimeToFirstToken)
}

// Subtract subtracts o from m, where o is an earlier state of m. What o has more,
// which it cannot have then, counts as equal.
func (m *Measures) Subtract(o *Measures) {
	less := o.Fields()
	for i, f := range m.Fields() {
		*f -= min(*f, *less[i])
	}
}

// Any says whether there are any requests.
func (m *Measures) Any() bool { return m.Requests != [Outcomes]int64{} }

// TotalRequests is the number of requests over all outcomes.
func (m *Measures) TotalRequests() int64 {
	var n int64
	for _, v := range m.Requests {
		n = AddSaturating(n, v)
	}
	return n
}

// AddSaturating adds two non-negative numbers and stops at the largest int64.
func AddSaturating(a, b int64) int64 {
	if sum := a + b; sum >= 0 {
		return sum
	}
	return math.MaxInt64
}
