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

	requests      [usage.Outcomes]int64
	requestBytes  int64
	responseBytes int64
	durationSum   int64 // ns
	durations     histogram

	inference *inference // nil for endpoints
	reported  *reported  // nil before its first delta window
}

// providerSeries makes a series and its inference part one heap object.
type providerSeries struct {
	series
	inference
}

func newSeries(kind usage.Kind) *series {
	if kind != usage.Provider {
		return &series{}
	}
	p := &providerSeries{}
	p.series.inference = &p.inference
	return &p.series
}

// add adds a delta.
func (s *series) add(d *usage.Delta) {
	s.addCalls(&d.Measures)
	s.durations.observeAll(d.Durations, d.DurationSpread)
	if s.inference != nil {
		s.inference.add(d)
	}
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
	s.start, s.seq, s.reported = row.Start, row.Seq, newReported(row.Reported, layout)
	s.addCalls(&row.Measures)
	s.durations.restore(row.Durations, layout)
	if s.inference != nil {
		s.inference.addMeasures(&row.Measures)
		s.inference.firstTokens.restore(row.FirstTokens, layout)
	}
}
