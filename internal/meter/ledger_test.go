package meter

import (
	"context"
	"math/rand/v2"
	"testing"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// ledger takes cumulative exports, or deltas as a backend does, and refuses some.
type ledger struct {
	consumer.Metrics
	rng    *rand.Rand // nil: only if refuse says so
	refuse bool
	sum    func() int64
}

func newLedger(t *testing.T, delta bool, rng *rand.Rand) *ledger {
	t.Helper()
	if delta {
		b := newBackend(t)
		return &ledger{Metrics: b, rng: rng, refuse: rng != nil, sum: b.requests}
	}
	s := &ledgerSink{t: t, points: map[string]int64{}}
	return &ledger{Metrics: s, rng: rng, refuse: rng != nil, sum: s.total}
}

func (l *ledger) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if l.refuse && (l.rng == nil || l.rng.IntN(2) == 0) {
		return errBusy
	}
	return l.Metrics.ConsumeMetrics(ctx, md)
}

func (l *ledger) total() int64 { return l.sum() }
