package usage

import (
	"cmp"
	"slices"
)

// KeepSpreads puts the buckets of every cumulative point in order and copies them,
// because the engine will know them for longer than there is a batch.
func (b *Batch) KeepSpreads() {
	if b.points == 0 {
		return
	}
	for i := range b.amounts {
		if a := &b.amounts[i]; a.Stream != 0 {
			a.Spread = tidy(a.Spread)
			a.Kept = slices.Clone(a.Spread)
		}
	}
}

// tidy leaves, in place, each bucket that has a count once, in order.
func tidy(spread []BucketCount) []BucketCount {
	slices.SortFunc(spread, func(a, b BucketCount) int { return cmp.Compare(a.Bucket, b.Bucket) })
	kept := spread[:0]
	for _, b := range spread {
		switch last := len(kept) - 1; {
		case b.Count <= 0:
		case last >= 0 && kept[last].Bucket == b.Bucket:
			kept[last].Count = AddSaturating(kept[last].Count, b.Count)
		default:
			kept = append(kept, b)
		}
	}
	return kept
}

// extend adds observations to others, with room taken from an arena.
func extend(arena *[]BucketCount, have, more []BucketCount) []BucketCount {
	next := 0
	for _, b := range more {
		at := find(have, b.Bucket, next)
		if next = at + 1; at < len(have) {
			have[at].Count = AddSaturating(have[at].Count, b.Count)
			continue
		}
		if len(have) == cap(have) {
			first, room := len(*arena), max(16, 2*cap(have))
			*arena = slices.Grow(*arena, room)[:first+room]
			have = append((*arena)[first:first:first+room], have...)
		}
		have = append(have, b)
	}
	return have
}

// find returns where a bucket stands, or how many there are if it does not. It
// looks from next on first: nearly always both spreads are in the same order.
func find(have []BucketCount, bucket Bucket, next int) int {
	for i := next; i < len(have); i++ {
		if have[i].Bucket == bucket {
			return i
		}
	}
	for i := range min(next, len(have)) {
		if have[i].Bucket == bucket {
			return i
		}
	}
	return len(have)
}
