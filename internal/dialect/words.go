package dialect

// Role is what a record is, as far as its dialect says.
// A record may have several; the highest one holds.
type Role uint8

const (
	// NoRole leaves it to the record's kind and attributes.
	NoRole Role = iota
	// Inference is a call to a model.
	Inference
	// Endpoint is something that was served.
	Endpoint
	// Aggregate repeats the sum of calls that are records of their own.
	Aggregate
	// Nested repeats one call that is a record of its own.
	Nested
	// Ignored says nothing about usage.
	Ignored
	// SessionStart and SessionEnd are of log records only: a session begins, or ends.
	SessionStart
	SessionEnd
)

// Inclusion says whether a number of tokens contains another one.
type Inclusion uint8

const (
	// Undecided leaves it to the other numbers.
	Undecided Inclusion = iota
	// Inside: it does.
	Inside
	// Beside: it does not.
	Beside
	// Varies by who wrote it: of older writers, those for Anthropic and Bedrock
	// have cached tokens beside their input.
	Varies
)

// Unit is what a number counts.
type Unit uint8

const (
	// DefaultUnit is seconds for times, bytes for sizes, US dollars for costs; for
	// a metric, the unit that it names itself.
	DefaultUnit Unit = iota
	Seconds
	Milliseconds
	Microseconds
	Nanoseconds
	Bytes
	Kibibytes
	Dollars
	MicroDollars
	NanoDollars
)

// Measure is what a metric counts.
type Measure uint8

const (
	// NoMeasure metrics are not metered.
	NoMeasure Measure = iota
	// Durations are a histogram of times of calls: its count is the calls.
	Durations
	// Requests are a sum of calls.
	Requests
	// Times are a histogram of times of calls that another metric counts.
	Times
	FirstTokenTimes
	Tokens
	Costs
	RequestSizes
	ResponseSizes
)

// TokenKind is what a data point of tokens is about.
type TokenKind uint8

const (
	// NoTokens are totals and subsets, which repeat other points.
	NoTokens TokenKind = iota
	InputKind
	OutputKind
	CacheReadKind
	CacheWriteKind
	ReasoningKind
)

// words maps the words of a closed vocabulary to what they mean.
type words[T any] []word[T]

type word[T any] struct {
	name  string
	value T
}

func roles() words[Role] {
	return words[Role]{
		{"inference", Inference}, {"endpoint", Endpoint}, {"aggregate", Aggregate}, {"nested", Nested}, {"ignored", Ignored},
	}
}

// logRoles are what a log record can be.
func logRoles() words[Role] {
	return append(roles(), words[Role]{{"session_start", SessionStart}, {"session_end", SessionEnd}}...)
}

func inclusions() words[Inclusion] {
	return words[Inclusion]{{"inside", Inside}, {"beside", Beside}, {"varies", Varies}}
}

func units() words[Unit] {
	return words[Unit]{
		{"s", Seconds},
		{"ms", Milliseconds},
		{"us", Microseconds},
		{"ns", Nanoseconds},
		{"By", Bytes},
		{"KiBy", Kibibytes},
		{"usd", Dollars},
		{"micro_usd", MicroDollars},
		{"nano_usd", NanoDollars},
	}
}

func measures() words[Measure] {
	return words[Measure]{
		{"durations", Durations},
		{"requests", Requests},
		{"times", Times},
		{"first_token_times", FirstTokenTimes},
		{"tokens", Tokens},
		{"costs", Costs},
		{"request_sizes", RequestSizes},
		{"response_sizes", ResponseSizes},
	}
}

func tokenKinds() words[TokenKind] {
	return words[TokenKind]{
		{"none", NoTokens},
		{"input", InputKind},
		{"output", OutputKind},
		{"cache_read", CacheReadKind},
		{"cache_write", CacheWriteKind},
		{"reasoning", ReasoningKind},
	}
}
