package usagepage

import (
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Outcome is how requests ended.
type Outcome string

// The outcomes that the processor tells apart.
const (
	Success     Outcome = "success"
	ClientError Outcome = "client_error"
	Error       Outcome = "error"
	Throttled   Outcome = "throttled"
	Cancelled   Outcome = "cancelled"
)

// TokenType is one of the disjoint parts that add up to all tokens.
type TokenType string

// The token types that the processor tells apart.
const (
	Input      TokenType = "input"
	CacheRead  TokenType = "cache_read"
	CacheWrite TokenType = "cache_write"
	Output     TokenType = "output"
	Reasoning  TokenType = "reasoning"
)

// Duration is a histogram's sum and count.
type Duration struct {
	seconds float64
	count   uint64
}

// Mean is 0 while nothing was measured.
func (d Duration) Mean() time.Duration {
	if d.count == 0 {
		return 0
	}
	return time.Duration(d.seconds / float64(d.count) * float64(time.Second))
}

func (d *Duration) add(metric *dto.Metric) {
	histogram := metric.GetHistogram()
	d.seconds += histogram.GetSampleSum()
	d.count += histogram.GetSampleCount()
}

// Bytes are request and response bodies.
type Bytes struct {
	Request  float64
	Response float64
}

func (b *Bytes) add(measure string, metric *dto.Metric) {
	switch measure {
	case "request_size":
		b.Request += number(metric)
	case "response_size":
		b.Response += number(metric)
	}
}
