package usage

// A batch is added up in two steps: Sum does what does not depend on anything that
// was counted before, Settle the rest.

// Sum adds up all counted records but the points of cumulative streams.
func (b *Batch) Sum() {
	b.prepareDeltas()
	for i := range b.records {
		if r := &b.records[i]; r.verdict == Counted && r.Group != NoGroup && !b.ofStream(r) {
			b.addRecord(&b.deltas[r.Group], r)
		}
	}
	b.addHits(false)
}

// Settle calls subtract with every cumulative point, counted or not: the next one
// builds on it either way, unless it is the same point again. subtract leaves of
// it what it adds to its stream, and returns what becomes of the record: Counted,
// or why it adds nothing. What is counted then is added to the sums.
//
// Settle returns a delta for every group, in order. The deltas share the batch's
// memory and end with the next Sum. Groups without records have no requests.
func (b *Batch) Settle(subtract func(*Amount) Verdict) []Delta {
	if b.points > 0 {
		b.settlePoints(subtract)
	}
	for i := range b.deltas {
		b.deltas[i].settle()
	}
	return b.deltas
}

// Seal is Sum and Settle where nothing is known of any stream.
func (b *Batch) Seal() []Delta {
	b.Sum()
	return b.Settle(func(*Amount) Verdict { return Counted })
}

func (b *Batch) settlePoints(subtract func(*Amount) Verdict) {
	for i := range b.records {
		r := &b.records[i]
		if r.verdict == Duplicate || !b.ofStream(r) {
			continue
		}
		v := subtract(&b.amounts[r.Amount-1])
		if r.verdict != Counted {
			continue
		}
		if v != Counted {
			b.Drop(i, v)
			continue
		}
		b.addRecord(&b.deltas[r.Group], r)
	}
	b.addHits(true)
}

// ofStream says whether a record is a point of a cumulative stream.
func (b *Batch) ofStream(r *Record) bool {
	return r.Amount > 0 && b.amounts[r.Amount-1].Stream != 0
}

// prepareDeltas gives every delta room for its observations in one array:
// counting first makes that one allocation at most, and none when reused.
func (b *Batch) prepareDeltas() {
	b.countObservations()
	b.deltas, b.spreads = b.deltas[:0], b.spreads[:0]
	at := 0
	for i := range b.groups {
		g := &b.groups[i]
		first := at + g.durations
		end := first + g.firstTokens
		b.deltas = append(b.deltas, Delta{
			Hour:        g.hour,
			Durations:   b.buckets[at:at:first],
			FirstTokens: b.buckets[first:first:end],
		})
		at = end
	}
}

func (b *Batch) countObservations() {
	for i := range b.groups {
		b.groups[i].durations, b.groups[i].firstTokens = 0, 0
	}
	total := 0
	for i := range b.records {
		r := &b.records[i]
		if r.verdict != Counted || r.Amount > 0 || r.Group == NoGroup {
			continue
		}
		if r.Bucket != NoBucket {
			b.groups[r.Group].durations++
			total++
		}
		if b.hasFirstToken(r) {
			b.groups[r.Group].firstTokens++
			total++
		}
	}
	if cap(b.buckets) < total {
		b.buckets = make([]Bucket, total)
	}
}

func (b *Batch) hasFirstToken(r *Record) bool {
	return r.Inference > 0 && b.inferences[r.Inference-1].TimeToFirstToken >= 0
}

func (b *Batch) addRecord(d *Delta, r *Record) {
	if r.Amount > 0 {
		d.addAmount(&b.amounts[r.Amount-1], r.Outcome, &b.spreads)
		return
	}
	d.Requests[r.Outcome]++
	d.Duration = AddSaturating(d.Duration, r.Duration)
	if r.Bucket != NoBucket {
		d.Durations = append(d.Durations, r.Bucket)
	}
	d.RequestBytes = AddSaturating(d.RequestBytes, r.RequestBytes)
	d.ResponseBytes = AddSaturating(d.ResponseBytes, r.ResponseBytes)
	if r.Inference == 0 {
		return
	}
	inference := &b.inferences[r.Inference-1]
	for t, n := range inference.Tokens {
		d.Tokens[t] = AddSaturating(d.Tokens[t], n)
	}
	if inference.TimeToFirstToken >= 0 {
		d.TimeToFirstToken = AddSaturating(d.TimeToFirstToken, inference.TimeToFirstToken)
		d.FirstTokens = append(d.FirstTokens, inference.Bucket)
	}
	d.addCost(inference)
}
