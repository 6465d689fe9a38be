package usage

// Signal is what a record arrived as.
// The numbers are part of the stored format: append only.
type Signal uint8

const (
	// Traces are counted in spans.
	Traces Signal = iota
	// Logs are counted in log records.
	Logs
	// Metrics are counted in data points.
	Metrics

	// Signals is the number of signals.
	Signals = int(Metrics) + 1
)

func (s Signal) String() string {
	switch s {
	case Traces:
		return "traces"
	case Logs:
		return "logs"
	default:
		return "metrics"
	}
}
