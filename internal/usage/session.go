package usage

// CloseReason says why a session ended.
// The numbers are part of the stored format: append only.
type CloseReason uint8

const (
	// ClosedNormal sessions were ended by whoever began them.
	ClosedNormal CloseReason = iota
	// ClosedFailed ones were a failed attempt and nothing else.
	ClosedFailed
	// ClosedExpired ones were not heard of for the ttl.
	ClosedExpired
	// ClosedTerminated ones were ended by hand.
	ClosedTerminated
	// ClosedDuplicate ones were begun again without having been ended.
	ClosedDuplicate
	// ClosedShutdown ones were open when metering ended for good.
	ClosedShutdown

	// CloseReasons is the number of reasons.
	CloseReasons = int(ClosedShutdown) + 1
)

// String is the value of the attribute usage.session.close_reason.
func (r CloseReason) String() string {
	switch r {
	case ClosedNormal:
		return "normal"
	case ClosedFailed:
		return "failed"
	case ClosedExpired:
		return "expired"
	case ClosedTerminated:
		return "terminated"
	case ClosedDuplicate:
		return "duplicate"
	case ClosedShutdown:
		return "shutdown"
	default:
		return Unknown
	}
}

// Session is a session of a provider or an endpoint as a commit leaves it. It is
// active, or it is no more.
type Session struct {
	// Owner is the slot of the series of the provider's, or endpoint's, sessions.
	Owner uint32
	// ID is what the telemetry calls it.
	ID string
	// First and Last are when the first and the last of its activities were, in
	// Unix nanoseconds.
	First, Last int64
	// Touched is the age of the state at which it was last heard of, in nanoseconds.
	Touched int64
	// Started says that an event began it, Ended that it is no more.
	Started, Ended bool
}
