package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// subtract leaves of a cumulative point what it adds to its stream, and says
// what becomes of it. mu is held: whatever does not need to know the stream was
// done by usage.Batch.KeepSpreads, whose copy is known from now on.
func (e *Engine) subtract(a *usage.Amount) usage.Verdict {
	next := usage.Stream{Key: a.Stream, Start: a.Start, Time: a.Time, Value: usage.Value{Sum: a.Sum, Count: a.Count, Spread: a.Kept}}
	if a.Untimed {
		next.Sum = usage.NoSum
	}
	verdict := usage.Counted
	at := e.streams.find(a.Stream)
	switch known := e.streams.at(at); {
	case known == nil && !e.streams.begins(a.Start):
		verdict = usage.SkippedBaseline
	case known == nil:
	case late(known, a):
		return usage.Duplicate
	case sameStart(known, a):
		next.Start = max(known.Start, a.Start)
		if fallen(known, a) {
			break
		}
		subtractValue(&a.Value, &known.Value, e.options.Layout)
		if observes(a) && known.Sum == usage.NoSum {
			a.Untimed = true // nobody knows since when its times add up
		} else {
			next.Sum = max(next.Sum, known.Sum)
		}
	}
	e.streams.set(at, &next)
	e.commit.Streams = append(e.commit.Streams, next)
	return verdict
}

// sameStart says whether a point goes on from the one before. Where one of them
// does not say when it began, its value has to tell.
func sameStart(known *usage.Stream, a *usage.Amount) bool {
	return a.Start == known.Start || a.Start == 0 || known.Start == 0
}

// late says whether a point is not newer than what is known. A later start is
// newer whatever the times are: writers differ in whether the first point after a
// reset begins where the last one before it ended.
func late(known *usage.Stream, a *usage.Amount) bool {
	if sameStart(known, a) {
		return a.Time <= known.Time
	}
	return a.Start < known.Start
}

// fallen says whether the stream began anew without saying so. Where observations
// are counted only their number tells: sums fall with an observation below zero.
func fallen(known *usage.Stream, a *usage.Amount) bool {
	if observes(a) && known.Count > 0 {
		return a.Count < known.Count
	}
	return a.Sum < known.Sum
}

// observes says whether Count is of observations.
func observes(a *usage.Amount) bool {
	return a.Calls || a.Field == usage.FieldDuration || a.Field == usage.FieldTimeToFirstToken
}

// subtractValue leaves of a value what it has more than an earlier one.
func subtractValue(v, known *usage.Value, layout *usage.Layout) {
	v.Sum, v.Count = max(v.Sum-known.Sum, 0), max(v.Count-known.Count, 0)
	switch {
	case len(v.Spread) == 0:
	case v.Count == 0:
		v.Spread = v.Spread[:0]
	case !subtractSpread(v, known.Spread):
		// The writer has changed its buckets, or we ours: the mean is what is left.
		v.Spread = append(v.Spread[:0], usage.BucketCount{Bucket: layout.Bucket(v.Sum / v.Count), Count: v.Count})
	}
}

// subtractSpread subtracts bucket by bucket, in place, and says whether as many
// observations are left as are counted: they are not when a bucket has fallen or
// is gone.
func subtractSpread(v *usage.Value, known []usage.BucketCount) bool {
	diff, total, at := v.Spread[:0], int64(0), 0
	for _, b := range v.Spread {
		for at < len(known) && known[at].Bucket < b.Bucket {
			at++
		}
		if at < len(known) && known[at].Bucket == b.Bucket {
			b.Count -= known[at].Count
		}
		if b.Count < 0 {
			return false
		}
		if b.Count > 0 {
			diff, total = append(diff, b), usage.AddSaturating(total, b.Count)
		}
	}
	v.Spread = diff
	return total == v.Count
}
