package usage

// Inference is what only inference calls report.
type Inference struct {
	Tokens [TokenTypes]int64
	// TimeToFirstToken is in nanoseconds; negative: not reported.
	TimeToFirstToken int64
	Bucket           Bucket
	// Cost is in nano-USD; what it is known from, if it is known.
	Cost       int64
	CostSource CostSource
	// InputCost and OutputCost are what of a priced Cost is for tokens of Input and
	// of Output.
	InputCost, OutputCost int64
}

// Price is what a call costs in nano-USD: all of it, and what of that is for tokens
// of Input and of Output.
type Price struct{ Total, Input, Output int64 }

// CostSource is where a cost comes from.
type CostSource uint8

const (
	// NoCost is the source of calls that cost nothing by tokens.
	NoCost CostSource = iota
	// CostReported costs stood in the telemetry.
	CostReported
	// CostPriced costs were made of tokens by a price table.
	CostPriced
	// CostUnknown calls have tokens, but nobody knows a price.
	CostUnknown
)
