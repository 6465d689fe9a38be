package engine

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// BenchmarkCommit commits batches of a thousand records of twenty series: plain
// requests, inference calls, points that are differences, and cumulative ones.
func BenchmarkCommit(b *testing.B) {
	for name, fill := range map[string]func(*usage.Batch, int32, int64){
		"http": func(batch *usage.Batch, group int32, n int64) {
			batch.Add(usage.Record{Group: group, Duration: n & 0xfffff, Bucket: usage.Bucket(n & 31)}, 0)
		},
		"inference": func(batch *usage.Batch, group int32, n int64) {
			call := batch.AddInference(usage.Inference{Tokens: [usage.TokenTypes]int64{1, 2, 3, 4, 5}, TimeToFirstToken: -1})
			batch.AddCall(batch.Add(usage.Record{Group: group, Bucket: 5, Inference: call}, 0), usage.Call{
				Self: spread(3 * n), Parent: spread(3*n + 1), Twin: spread(3*n + 2), Start: n, End: n + 5,
			})
		},
		"delta": func(batch *usage.Batch, group int32, n int64) { addPoint(batch, group, 0, n) },
		"cumulative": func(batch *usage.Batch, group int32, n int64) {
			addPoint(batch, group, spread(n%1000), n)
		},
	} {
		b.Run(name, func(b *testing.B) { benchCommit(b, fill) })
	}
}

func spread(n int64) uint64 { return bits.ReverseBytes64(uint64(n) * 0x9E3779B97F4A7C15) }

func addPoint(batch *usage.Batch, group int32, stream uint64, n int64) {
	batch.Add(usage.Record{Group: group, Amount: batch.AddAmount(usage.Amount{
		Value:  usage.Value{Sum: n, Count: n, Spread: []usage.BucketCount{{Bucket: 1, Count: n / 2}, {Bucket: 3, Count: n - n/2}}},
		Stream: stream, Start: 1, Time: n, Calls: true, Field: usage.FieldDuration,
	})}, 0)
}

func benchCommit(b *testing.B, fill func(*usage.Batch, int32, int64)) {
	b.Helper()
	f := newFixture()
	f.options.Journal = nil
	var keys [][]byte
	for i := range 20 {
		keys = append(keys, slices.Clone(f.key(f.providers, "s", fmt.Sprint(i), "db", "", "q")))
	}
	batch, n := f.batch(), int64(0)
	for b.Loop() {
		b.StopTimer()
		batch.Reset()
		for i := range 1000 {
			n++
			group, _ := batch.Group(keys[i%len(keys)], 0, 0)
			fill(batch, group, n)
		}
		b.StartTimer()
		f.Commit(batch, at(1))
	}
}

// BenchmarkCalls enters inference calls, a thousand at a time, when as many are
// remembered as can be: each with a parent of its own, or fifty with the same.
func BenchmarkCalls(b *testing.B) {
	for name, siblings := range map[string]int64{"alone": 1, "siblings": 50} {
		b.Run(name, func(b *testing.B) {
			e, n := &Engine{}, int64(0)
			enter := func() {
				n++
				e.nested(&usage.Call{
					Self: spread(3 * n), Parent: spread(3*(n/siblings) + 1), Twin: spread(3*n + 2), Start: n, End: n + 5,
				})
			}
			for range maxCalls {
				enter()
			}
			b.ReportAllocs()
			for b.Loop() {
				e.commit.Calls = e.commit.Calls[:0]
				for range 1000 {
					enter()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/call")
		})
	}
}
