package usage

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
	// inputCost and outputCost are what of CostPriced is for tokens of Input and
	// of Output, until Discount.
	inputCost, outputCost int64
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
		d.inputCost = AddSaturating(d.inputCost, call.InputCost)
		d.outputCost = AddSaturating(d.outputCost, call.OutputCost)
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
	if a.Field < 0 || a.Untimed {
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
	if d.rates == [TokenTypes]int64{} {
		return
	}
	var costs [TokenTypes]int64
	for t, rate := range d.rates {
		costs[t] = cost(d.Tokens[t], rate)
		d.CostPriced = AddSaturating(d.CostPriced, costs[t])
	}
	d.inputCost = AddSaturating(d.inputCost, costs[Input])
	d.outputCost = AddSaturating(d.outputCost, costs[Output])
}

// Discount takes what tokens cost that a series owes off the price of those that
// come in: they were priced when they came first. It does so once.
func (d *Delta) Discount(inputOwed, outputOwed int64) {
	off := AddSaturating(share(d.inputCost, d.Tokens[Input], inputOwed), share(d.outputCost, d.Tokens[Output], outputOwed))
	d.CostPriced -= min(d.CostPriced, off)
	d.inputCost, d.outputCost = 0, 0
}

func pay(have, owed *int64) {
	n := min(*have, *owed)
	*have, *owed = *have-n, *owed-n
}
