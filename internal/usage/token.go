package usage

// TokenType is one of five disjoint kinds of tokens; their sum is the total.
// The numbers are part of the stored format: append only.
type TokenType uint8

const (
	// Input is prompt tokens that were neither read from nor written to a cache.
	Input TokenType = iota
	CacheRead
	CacheWrite
	// Output is generated tokens without reasoning.
	Output
	Reasoning

	// TokenTypes is the number of token types.
	TokenTypes = int(Reasoning) + 1
)

// String is the value of the attribute usage.token.type.
func (t TokenType) String() string {
	switch t {
	case Input:
		return "input"
	case CacheRead:
		return "cache_read"
	case CacheWrite:
		return "cache_write"
	case Output:
		return "output"
	case Reasoning:
		return "reasoning"
	default:
		return Unknown
	}
}
