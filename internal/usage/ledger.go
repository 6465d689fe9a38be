package usage

// Verdict is what became of one received item: exactly one for each.
// The numbers are part of the stored format: append only.
type Verdict uint8

const (
	// Counted items are in a series.
	Counted Verdict = iota
	// SkippedNested items repeat a call that another span of the same service counts.
	SkippedNested
	// SkippedAggregate items are agent, workflow or tool steps: their tokens
	// are those of the inference calls below them.
	SkippedAggregate
	// SkippedInferenceHTTP items are the HTTP requests under inference calls.
	SkippedInferenceHTTP
	// UnmeteredInternal items are spans inside an app: neither served nor consumed.
	UnmeteredInternal
	// UnmeteredUnidentified items name no provider that could be charged.
	UnmeteredUnidentified
	// UnmeteredDisabled items are of a kind that the configuration turns off.
	UnmeteredDisabled
	// Duplicate items were counted when they were sent before.
	Duplicate
	// UnmeteredUnrecognized items are in no form that usage is read from.
	UnmeteredUnrecognized
	// SkippedDuplicateSignal items tell of calls that another signal of the same
	// service, or another record with the same response ID, has counted.
	SkippedDuplicateSignal
	// SkippedBaseline items are the first points of cumulative streams that began
	// before anybody was looking: what they add is not known.
	SkippedBaseline

	// SkippedPaused items arrived while counting was paused.
	SkippedPaused

	// Verdicts is the number of verdicts.
	Verdicts = int(SkippedPaused) + 1
)

// Result is the ledger column of a verdict: counted, duplicate, skipped or
// unmetered.
func (v Verdict) Result() string {
	switch v {
	case Counted:
		return "counted"
	case Duplicate:
		return "duplicate"
	case SkippedNested, SkippedAggregate, SkippedInferenceHTTP, SkippedDuplicateSignal, SkippedBaseline, SkippedPaused:
		return "skipped"
	default:
		return "unmetered"
	}
}

// Reason says why an item was not counted; it is empty for counted ones.
func (v Verdict) Reason() string {
	switch v {
	case SkippedNested:
		return "nested"
	case SkippedAggregate:
		return "aggregate"
	case SkippedInferenceHTTP:
		return "inference_http"
	case UnmeteredInternal:
		return "internal"
	case UnmeteredUnidentified:
		return "unidentified"
	case UnmeteredDisabled:
		return "disabled"
	case UnmeteredUnrecognized:
		return "unrecognized"
	case SkippedDuplicateSignal:
		return "duplicate_signal"
	case SkippedBaseline:
		return "baseline"
	case SkippedPaused:
		return "paused"
	default:
		return ""
	}
}

// Ledgers has one for each signal.
type Ledgers [Signals]Ledger

// Counted is how many items of any signal were counted.
func (l Ledgers) Counted() int64 {
	var n int64
	for i := range l {
		n = AddSaturating(n, l[i][Counted])
	}
	return n
}

// Ledger counts received items of one signal by verdict. It balances by construction:
// what was received is the sum over all verdicts.
type Ledger [Verdicts]int64

// Received is the number of items the ledger accounts for.
func (l *Ledger) Received() int64 {
	var n int64
	for _, v := range l {
		n = AddSaturating(n, v)
	}
	return n
}

// Add adds another ledger.
func (l *Ledger) Add(o *Ledger) {
	for i, v := range o {
		l[i] = AddSaturating(l[i], v)
	}
}

// Move books n items of one verdict under another.
func (l *Ledger) Move(from, to Verdict, n int64) {
	l[from] -= n
	l[to] += n
}
