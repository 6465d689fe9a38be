package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// BenchmarkHold commits twenty thousand cumulative histograms of two hundred series
// and measures for how long the lock is held, which is how long others wait.
// x/plain is the ratio to as many plain records, measured in turns. One bucket of
// each histogram has grown, or all have, or nobody has seen it before.
func BenchmarkHold(b *testing.B) {
	for name, c := range map[string]struct {
		grown int
		fresh bool
	}{
		"one bucket":  {1, false},
		"all buckets": {holdBuckets, false},
		"unseen":      {1, true},
	} {
		b.Run(name, func(b *testing.B) {
			h := newHolding()
			h.fillPoints(c.grown, c.fresh)
			h.commit()
			var plain, points []time.Duration
			for b.Loop() {
				b.StopTimer()
				h.fillPlain()
				plain = append(plain, h.commit())
				h.fillPoints(c.grown, c.fresh)
				b.StartTimer()
				points = append(points, h.commit())
			}
			slices.Sort(plain)
			slices.Sort(points)
			middle := len(points) / 2
			b.ReportMetric(points[0].Seconds()*1e3, "least-ms")
			b.ReportMetric(points[middle].Seconds()*1e3, "median-ms")
			b.ReportMetric(float64(points[middle])/float64(plain[middle]), "x/plain")
		})
	}
}

const (
	holdRecords = 20_000
	holdBuckets = 16
)

// holding commits batches and measures how long that holds the lock.
type holding struct {
	*fixture
	keys    [][]byte
	batch   *usage.Batch
	spreads []usage.BucketCount // of the batch
	now     int64
}

func newHolding() *holding {
	h := &holding{fixture: newStreamFixture(), now: since}
	h.options.Journal = nil
	h.batch = h.fixture.batch()
	for i := range 200 {
		h.keys = append(h.keys, slices.Clone(h.key(h.providers, "s", fmt.Sprint(i), "db", "", "q")))
	}
	return h
}

func (h *holding) commit() (held time.Duration) {
	probed := h.prepare(h.batch, at(h.now))
	from := time.Now()
	h.count(h.batch, at(h.now), probed)
	return time.Since(from)
}

func (h *holding) fill(add func(group int32, i int64)) {
	h.now++
	h.batch.Reset()
	for i := range int64(holdRecords) {
		group, _ := h.batch.Group(h.keys[i%int64(len(h.keys))], 0, 0)
		add(group, i)
	}
}

func (h *holding) fillPlain() {
	h.fill(func(group int32, i int64) {
		h.batch.Add(usage.Record{Group: group, Duration: i, Bucket: usage.Bucket(i & 31)}, 0)
	})
}

func (h *holding) fillPoints(grown int, fresh bool) {
	h.spreads = h.spreads[:0]
	h.fill(func(group int32, i int64) {
		a := point(since, h.now, 1000*h.now, 0)
		a.Stream = spread(i + 1)
		if fresh {
			a.Stream, a.Start = spread(i+1+h.now*holdRecords), h.now
		}
		first := len(h.spreads)
		for bucket := range holdBuckets {
			n := int64(1)
			if bucket < grown {
				n = h.now
			}
			a.Count += n
			h.spreads = append(h.spreads, usage.BucketCount{Bucket: usage.Bucket(8 * bucket), Count: n})
		}
		a.Spread = h.spreads[first:len(h.spreads):len(h.spreads)]
		h.batch.Add(usage.Record{Group: group, Amount: h.batch.AddAmount(a)}, 0)
	})
}
