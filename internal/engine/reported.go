package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// reported is how much of a series delta windows have contained. It stays when
// exports are cumulative, so that deltas can go on later without a gap.
type reported struct {
	seq         uint64 // newest commit contained
	measures    usage.Measures
	durations   histogram
	firstTokens histogram
	until       usage.FieldTimes // when each field's last point ended; 0: none yet
}

// changed says whether the series was added to since it was reported.
func (s *series) changed() bool { return s.reported == nil || s.reported.seq != s.seq }

// change is what was added to the series since it was reported.
func (s *series) change(slot uint32, schema *usage.Schema, layout *usage.Layout) usage.Row {
	row := s.row(slot, schema, layout)
	row.Starts, row.Sessions = s.starts(), row.Active()
	// What is owed is no counter: it falls again, and no exit is told of it.
	row.InputOwed, row.OutputOwed = 0, 0
	if r := row.Reported; r != nil {
		row.Measures.Subtract(&r.Measures)
		row.Durations = row.Durations.Minus(&r.Durations)
		row.FirstTokens = row.FirstTokens.Minus(&r.FirstTokens)
		row.Reported = nil
	}
	if !layout.Explicit() {
		row.Durations.Trim()
		row.FirstTokens.Trim()
	}
	return row
}

// starts are when each field's next point begins: where its last one ended. A
// field without one begins with the series.
func (s *series) starts() *usage.FieldTimes {
	starts := &usage.FieldTimes{}
	for f := range starts {
		starts[f] = s.start
		if s.reported != nil && s.reported.until[f] > 0 {
			starts[f] = s.reported.until[f]
		}
	}
	return starts
}

// report notes that a window which ends at a time contains a change.
func (s *series) report(change *usage.Row, at int64, layout *usage.Layout) {
	if s.reported == nil {
		s.reported = &reported{}
	}
	r := s.reported
	r.seq = change.Seq
	for f, n := range change.Fields() {
		if *n > 0 {
			r.until[f] = at
		}
	}
	r.measures.Add(&change.Measures)
	if change.Durations.Count() > 0 {
		r.until[usage.FieldDuration] = at
		r.durations.merge(&change.Durations, layout)
	}
	if change.FirstTokens.Count() > 0 {
		r.until[usage.FieldTimeToFirstToken] = at
		r.firstTokens.merge(&change.FirstTokens, layout)
	}
}

// row copies what was reported.
func (r *reported) row(layout *usage.Layout) *usage.Reported {
	if r == nil {
		return nil
	}
	return &usage.Reported{
		Seq: r.seq, Measures: r.measures, Until: r.until,
		Durations: r.durations.distribution(layout), FirstTokens: r.firstTokens.distribution(layout),
	}
}

// newReported is the inverse of row.
func newReported(row *usage.Reported, layout *usage.Layout) *reported {
	if row == nil {
		return nil
	}
	r := &reported{seq: row.Seq, measures: row.Measures, until: row.Until}
	r.durations.restore(row.Durations, layout)
	r.firstTokens.restore(row.FirstTokens, layout)
	return r
}
