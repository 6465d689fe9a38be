package usage

// hit is a record that met the condition of a meter of the user's own.
type hit struct {
	record int32
	group  int32 // of the meter
	// whole is what of the record's value is whole, parts the rest in billionths.
	whole, parts int64
}

// Records is how many records the batch has.
func (b *Batch) Records() int { return len(b.records) }

// AddUnmetered adds a record that so far was booked under a verdict only.
func (b *Batch) AddUnmetered(booked Verdict, key uint64) int {
	b.Ledger[booked]--
	return b.Add(Record{Group: NoGroup, Bucket: NoBucket}, key)
}

// Hit counts a record for a meter of the user's own, whose series and hour are a
// group. It counts there whatever the record is besides, a nested call or one that
// another signal bills, as long as it is no duplicate: what is in a series is
// booked as counted.
func (b *Batch) Hit(record int, group int32, whole, parts int64) {
	b.hits = append(b.hits, hit{int32(record), group, whole, parts})
	r := &b.records[record]
	if r.hit {
		return
	}
	r.hit = true
	b.Ledger.Move(r.verdict, r.booked(), 1)
	if r.verdict == Counted && r.Group != NoGroup {
		b.groups[r.Group].hit++
	}
}

// Withdraw takes back the key of a record which was dropped for another one that may
// have the same. Where it has, they are one record, and the other one hits.
func (b *Batch) Withdraw(record, kept int) {
	key, r := b.Marks.Keys[record], &b.records[record]
	switch {
	case !r.hit:
		b.Marks.Withdraw(record)
	case key != 0 && key == b.Marks.Keys[kept]:
		b.Marks.Withdraw(record)
		b.Ledger.Move(r.booked(), r.verdict, 1)
		r.hit = false
	}
}

// booked is what the ledger says of a record.
func (r *Record) booked() Verdict {
	if r.hit && r.verdict != Duplicate {
		return Counted
	}
	return r.verdict
}

// addHits adds up the hits of the points of cumulative streams, or of all other
// records.
func (b *Batch) addHits(ofStream bool) {
	for i := range b.hits {
		h := &b.hits[i]
		if r := &b.records[h.record]; !r.hit || r.verdict == Duplicate || b.ofStream(r) != ofStream {
			continue
		}
		d := &b.deltas[h.group]
		d.Hits++
		d.Value = AddSaturating(d.Value, h.whole)
		d.ValueParts = AddSaturating(d.ValueParts, h.parts)
	}
}
