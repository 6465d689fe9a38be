package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// inference is what only provider series measure.
type inference struct {
	tokens        [usage.TokenTypes]int64
	firstTokenSum int64 // ns
	firstTokens   histogram
	costReported  int64 // nano-USD, like the next
	costPriced    int64
	unpriced      int64
	inputOwed     int64
	outputOwed    int64
}

// add adds a delta. What is owed is taken off what comes in, never off what is
// there: counters do not fall. The delta's price becomes less by it, for good: a
// series has a delta for each hour, and each pays what those before it have left.
// It returns what input and output have gained.
func (v *inference) add(d *usage.Delta) (input, output int64) {
	d.Discount(v.inputOwed, v.outputOwed)
	input, output = v.tokens[usage.Input], v.tokens[usage.Output]
	v.addMeasures(&d.Measures)
	pay(&v.tokens[usage.Input], input, &v.inputOwed)
	pay(&v.tokens[usage.Output], output, &v.outputOwed)
	v.firstTokens.observeAll(d.FirstTokens, d.FirstTokenSpread)
	return v.tokens[usage.Input] - input, v.tokens[usage.Output] - output
}

// pay takes what is owed off what a counter has gained.
func pay(counter *int64, before int64, owed *int64) {
	n := min(*counter-before, *owed)
	*counter, *owed = *counter-n, *owed-n
}

func (v *inference) addMeasures(m *usage.Measures) {
	for i, n := range m.Tokens {
		v.tokens[i] = usage.AddSaturating(v.tokens[i], n)
	}
	v.firstTokenSum = usage.AddSaturating(v.firstTokenSum, m.TimeToFirstToken)
	v.costReported = usage.AddSaturating(v.costReported, m.CostReported)
	v.costPriced = usage.AddSaturating(v.costPriced, m.CostPriced)
	v.unpriced = usage.AddSaturating(v.unpriced, m.Unpriced)
	v.inputOwed = usage.AddSaturating(v.inputOwed, m.InputOwed)
	v.outputOwed = usage.AddSaturating(v.outputOwed, m.OutputOwed)
}

func (v *inference) copyTo(m *usage.Measures) {
	m.Tokens, m.TimeToFirstToken = v.tokens, v.firstTokenSum
	m.CostReported, m.CostPriced, m.Unpriced = v.costReported, v.costPriced, v.unpriced
	m.InputOwed, m.OutputOwed = v.inputOwed, v.outputOwed
}
