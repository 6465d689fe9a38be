package usage

// Outcome is how a call ended, seen from the side that is metered.
// The numbers are part of the stored format: append only.
type Outcome uint8

const (
	Success Outcome = iota
	ClientError
	Error
	Throttled
	Cancelled

	// Outcomes is the number of outcomes.
	Outcomes = int(Cancelled) + 1
)

// String is the value of the attribute usage.outcome.
func (o Outcome) String() string {
	switch o {
	case Success:
		return "success"
	case ClientError:
		return "client_error"
	case Error:
		return "error"
	case Throttled:
		return "throttled"
	case Cancelled:
		return "cancelled"
	default:
		return Unknown
	}
}
