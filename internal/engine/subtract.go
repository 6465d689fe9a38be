package engine

import (
	"cmp"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// subtract leaves of a cumulative point what it adds to its stream, and says
// what becomes of it. mu is held.
func (e *Engine) subtract(a *usage.Amount) usage.Verdict {
	next := usage.Stream{Key: a.Stream, Start: a.Start, Time: a.Time, Value: own(&a.Value)}
	verdict := usage.Counted
	switch known := e.streams.get(a.Stream); {
	case known == nil && !e.streams.begins(a.Start):
		verdict = usage.SkippedBaseline
	case known == nil:
	case late(known, a):
		return usage.Duplicate
	case sameStart(known, a):
		next.Start = max(known.Start, a.Start)
		if !fallen(known, a) {
			a.Value = difference(&next.Value, &known.Value, e.options.Layout)
			next.Sum = max(next.Sum, known.Sum)
		}
	}
	e.streams.put(&next)
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
	observed := a.Calls || a.Field == usage.FieldDuration || a.Field == usage.FieldTimeToFirstToken
	if observed && known.Count > 0 {
		return a.Count < known.Count
	}
	return a.Sum < known.Sum
}

// difference is what a value has more than an earlier one.
func difference(whole, known *usage.Value, layout *usage.Layout) usage.Value {
	d := usage.Value{Sum: max(whole.Sum-known.Sum, 0), Count: max(whole.Count-known.Count, 0)}
	if len(whole.Spread) == 0 || d.Count == 0 {
		return d
	}
	spread, fallen := spreadDifference(whole.Spread, known.Spread)
	if fallen || total(spread) != d.Count {
		// The writer has changed its buckets, or we ours: the mean is what is left.
		spread = []usage.BucketCount{{Bucket: layout.Bucket(d.Sum / d.Count), Count: d.Count}}
	}
	d.Spread = spread
	return d
}

// spreadDifference subtracts bucket by bucket. Those that are gone show in the
// total.
func spreadDifference(whole, known []usage.BucketCount) (diff []usage.BucketCount, fallen bool) {
	for _, b := range whole {
		for len(known) > 0 && known[0].Bucket < b.Bucket {
			known = known[1:]
		}
		if len(known) > 0 && known[0].Bucket == b.Bucket {
			b.Count -= known[0].Count
		}
		if b.Count < 0 {
			return nil, true
		}
		if b.Count > 0 {
			diff = append(diff, b)
		}
	}
	return diff, false
}

func total(spread []usage.BucketCount) (n int64) {
	for _, b := range spread {
		n = usage.AddSaturating(n, b.Count)
	}
	return n
}

// own copies a value that belongs to a batch, with each bucket once, in order.
func own(v *usage.Value) usage.Value {
	out := usage.Value{Sum: v.Sum, Count: v.Count}
	for _, b := range v.Spread {
		if b.Count > 0 {
			out.Spread = append(out.Spread, b)
		}
	}
	slices.SortFunc(out.Spread, func(a, b usage.BucketCount) int { return cmp.Compare(a.Bucket, b.Bucket) })
	out.Spread = merged(out.Spread)
	return out
}

// merged adds up, in place, the counts of buckets that stand there repeatedly.
func merged(sorted []usage.BucketCount) []usage.BucketCount {
	kept := 0
	for i, b := range sorted {
		if i > 0 && b.Bucket == sorted[kept-1].Bucket {
			sorted[kept-1].Count = usage.AddSaturating(sorted[kept-1].Count, b.Count)
			continue
		}
		sorted[kept] = b
		kept++
	}
	return sorted[:kept]
}
