package usage

import "slices"

// Delta is what one commit adds to one series in one hour.
type Delta struct {
	// Slot is the series' number in the engine; set when the batch is committed.
	Slot uint32
	// Hour is when the calls ended: the Unix second at which that hour begins.
	Hour int64
	Measures
	// Durations and FirstTokens hold a bucket for every observation, unordered.
	Durations   []Bucket
	FirstTokens []Bucket
	// DurationSpread and FirstTokenSpread are observations that came in numbers.
	DurationSpread   []BucketCount
	FirstTokenSpread []BucketCount

	rates [TokenTypes]int64 // of tokens that data points tell of
}

// Any says whether there is anything.
func (d *Delta) Any() bool {
	return d.Measures.Any() || len(d.DurationSpread)+len(d.FirstTokenSpread) > 0
}

// addCost adds what a call cost.
func (d *Delta) addCost(call *Inference) {
	switch call.CostSource {
	case CostReported:
		d.CostReported = AddSaturating(d.CostReported, call.Cost)
	case CostPriced:
		d.CostPriced = AddSaturating(d.CostPriced, call.Cost)
	case CostUnknown:
		d.Unpriced = AddSaturating(d.Unpriced, 1)
	case NoCost:
	}
}

// addAmount adds what a data point says.
func (d *Delta) addAmount(a *Amount, outcome Outcome, spreads *[]BucketCount) {
	if a.Calls {
		d.Requests[outcome] = AddSaturating(d.Requests[outcome], a.Count)
	}
	if a.Calls && a.Unpriced {
		d.Unpriced = AddSaturating(d.Unpriced, a.Count)
	}
	if a.Field < 0 {
		return
	}
	sum := d.Fields()[a.Field]
	*sum = AddSaturating(*sum, a.Sum)
	switch a.Field {
	case FieldDuration:
		d.DurationSpread = extend(spreads, d.DurationSpread, a.Spread)
	case FieldTimeToFirstToken:
		d.FirstTokenSpread = extend(spreads, d.FirstTokenSpread, a.Spread)
	}
	if a.Part {
		d.owe(a.Field, a.Sum)
	}
	if a.Rate > 0 {
		d.rates[a.Field-FieldTokens] = a.Rate
	}
}

// extend adds observations to others, with room taken from an arena.
func extend(arena *[]BucketCount, have, more []BucketCount) []BucketCount {
	for _, b := range more {
		i := slices.IndexFunc(have, func(x BucketCount) bool { return x.Bucket == b.Bucket })
		if i >= 0 {
			have[i].Count = AddSaturating(have[i].Count, b.Count)
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

// owe notes that a part stands in its whole as well.
func (d *Delta) owe(part Field, n int64) {
	owed := &d.InputOwed
	if part == FieldTokens+Field(Reasoning) {
		owed = &d.OutputOwed
	}
	*owed = AddSaturating(*owed, n)
}

// settle pays what is owed out of what was added, and prices what remains.
func (d *Delta) settle() {
	pay(&d.Tokens[Input], &d.InputOwed)
	pay(&d.Tokens[Output], &d.OutputOwed)
	for t, rate := range d.rates {
		if rate > 0 {
			d.CostPriced = AddSaturating(d.CostPriced, cost(d.Tokens[t], rate))
		}
	}
}

// Discount takes what tokens cost that a series owes off the price of those that
// come in: they were priced when they came first.
func (d *Delta) Discount(inputOwed, outputOwed int64) {
	off := AddSaturating(cost(min(d.Tokens[Input], inputOwed), d.rates[Input]), cost(min(d.Tokens[Output], outputOwed), d.rates[Output]))
	d.CostPriced -= min(d.CostPriced, off)
}

func pay(have, owed *int64) {
	n := min(*have, *owed)
	*have, *owed = *have-n, *owed-n
}

// Definition introduces a series: from its slot to its identity.
type Definition struct {
	Slot   uint32
	Schema *Schema
	Values []string
	// Start is when the series began, in Unix nanoseconds.
	Start int64
}

// Commit is the unit of counting and of the journal: it takes effect as a
// whole or not at all.
type Commit struct {
	// Seq numbers commits without gaps, over restarts too.
	Seq uint64
	// Moment is when the commit happened; neither clock ever goes back.
	Moment
	Signal  Signal
	Ledger  Ledger
	Defined []Definition
	Deltas  []Delta
	// Keys are the dedup keys that this commit makes known.
	Keys []uint64
	// Choices, Calls and Streams are what it adds to, or changes in, the memory
	// by which one call counts once. What they refer to is the commit's own.
	Choices []Choice
	Calls   []Call
	Streams []Stream
}

// Totals are what a snapshot holds beside the series.
type Totals struct {
	// Seq is the newest commit contained in the totals.
	Seq uint64
	// Moment is the newest one given to a commit or an export.
	Moment
	Ledgers Ledgers
	// Window is the one that is on its way.
	Window Window
	// Since is from when on cumulative streams are known from their beginning, in
	// Unix nanoseconds; 0: that is not known.
	Since int64
	// Forgotten is the latest start of a stream that had to be forgotten, in Unix
	// nanoseconds; 0: none had to.
	Forgotten int64
}
