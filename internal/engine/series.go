package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// series is the state of one identity. A million of them have to fit: there
// are no pointers but the key and the bucket counts, what only providers have
// is allocated with them, and what only deltas need when there are any.
type series struct {
	key   usage.Key
	hash  uint64
	start int64  // Unix ns
	seq   uint64 // newest commit contained
	// touched is the age of the state at which it last changed, in ns.
	touched int64

	requests      [usage.Outcomes]int64
	requestBytes  int64
	responseBytes int64
	durationSum   int64 // ns
	durations     histogram

	inference *inference // nil but for providers
	tallies   *tallies   // nil for endpoints and providers
	reported  *reported  // nil before its first delta window
}

// providerSeries makes a series and its inference part one heap object.
type providerSeries struct {
	series
	inference
}

// tallies is what only sessions and meters of the user's own measure.
type tallies struct {
	opened            int64
	closed            [usage.CloseReasons]int64
	hits              int64
	value, valueParts int64
}

func newSeries(kind usage.Kind) *series {
	switch kind {
	case usage.Provider:
		p := &providerSeries{}
		p.series.inference = &p.inference
		return &p.series
	case usage.Own, usage.Sessions:
		return &series{tallies: &tallies{}}
	default:
		return &series{}
	}
}

// add adds a delta and returns what that is beside what was owed.
func (s *series) add(d *usage.Delta) (gained usage.Measures) {
	s.addCalls(&d.Measures)
	s.durations.observeAll(d.Durations, d.DurationSpread)
	if s.tallies != nil {
		s.tallies.add(&d.Measures)
	}
	if s.inference == nil {
		return d.Measures
	}
	input, output := s.inference.add(d)
	gained = d.Measures
	gained.Tokens[usage.Input], gained.Tokens[usage.Output] = input, output
	gained.InputOwed, gained.OutputOwed = 0, 0
	return gained
}

func (t *tallies) add(m *usage.Measures) {
	t.opened = usage.AddSaturating(t.opened, m.Opened)
	for i, n := range m.Closed {
		t.closed[i] = usage.AddSaturating(t.closed[i], n)
	}
	t.hits = usage.AddSaturating(t.hits, m.Hits)
	t.value = usage.AddSaturating(t.value, m.Value)
	t.valueParts = usage.AddSaturating(t.valueParts, m.ValueParts)
}

// active is the number of sessions that are open.
func (t *tallies) active() int64 {
	m := usage.Measures{Opened: t.opened, Closed: t.closed}
	return m.Active()
}

func (t *tallies) copyTo(m *usage.Measures) {
	m.Opened, m.Closed = t.opened, t.closed
	m.Hits, m.Value, m.ValueParts = t.hits, t.value, t.valueParts
}

// addCalls adds what all series measure.
func (s *series) addCalls(m *usage.Measures) {
	for i, n := range m.Requests {
		s.requests[i] = usage.AddSaturating(s.requests[i], n)
	}
	s.requestBytes = usage.AddSaturating(s.requestBytes, m.RequestBytes)
	s.responseBytes = usage.AddSaturating(s.responseBytes, m.ResponseBytes)
	s.durationSum = usage.AddSaturating(s.durationSum, m.Duration)
}

// measures copies what the series has added up.
func (s *series) measures() usage.Measures {
	m := usage.Measures{
		Requests:      s.requests,
		Duration:      s.durationSum,
		RequestBytes:  s.requestBytes,
		ResponseBytes: s.responseBytes,
	}
	if s.inference != nil {
		s.inference.copyTo(&m)
	}
	if s.tallies != nil {
		s.tallies.copyTo(&m)
	}
	return m
}

// row copies the series.
func (s *series) row(slot uint32, schema *usage.Schema, layout *usage.Layout) usage.Row {
	row := usage.Row{
		Slot:      slot,
		Schema:    schema,
		Values:    s.key.AppendValues(make([]string, 0, len(schema.Names))),
		Start:     s.start,
		Seq:       s.seq,
		Touched:   s.touched,
		Measures:  s.measures(),
		Durations: s.durations.distribution(layout),
		Reported:  s.reported.row(layout),
	}
	if s.inference != nil {
		row.FirstTokens = s.inference.firstTokens.distribution(layout)
	}
	return row
}

// restore makes the series what the row says.
func (s *series) restore(row *usage.Row, layout *usage.Layout) {
	s.start, s.seq, s.touched = row.Start, row.Seq, row.Touched
	s.reported = newReported(row.Reported, layout)
	s.addCalls(&row.Measures)
	s.durations.restore(row.Durations, layout)
	if s.inference != nil {
		s.inference.addMeasures(&row.Measures)
		s.inference.firstTokens.restore(row.FirstTokens, layout)
	}
	if s.tallies != nil {
		s.tallies.add(&row.Measures)
	}
}
