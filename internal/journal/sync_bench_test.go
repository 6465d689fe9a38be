package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// BenchmarkSync compares acknowledged batches of the journal in `sync` with the
// least that any group commit on the same disk has to do: senders append as many
// bytes to one file, and whoever comes first syncs for all who wait.
func BenchmarkSync(b *testing.B) {
	for _, senders := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			var raw, ours float64
			b.Run("raw", func(b *testing.B) { raw = rawGroupCommit(b, senders) })
			b.Run("journal", func(b *testing.B) {
				ours = journalGroupCommit(b, senders)
				b.ReportMetric(100*ours/raw, "%raw")
			})
		})
	}
}

// send shares b.N batches among senders and returns how many a second there were.
func send(b *testing.B, senders int, one func()) float64 {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				one()
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	return float64(b.N) / b.Elapsed().Seconds()
}

// batchBytes is about what a batch of a hundred spans takes in the journal.
const batchBytes = 1 << 10

func rawGroupCommit(b *testing.B, senders int) float64 {
	b.Helper()
	file, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	require.NoError(b, err)
	defer func() { require.NoError(b, file.Close()) }()
	g := group{file: file, payload: make([]byte, batchBytes)}
	return send(b, senders, g.append)
}

// group is a plain group commit.
type group struct {
	file    *os.File
	payload []byte

	mu       sync.Mutex
	pending  []byte
	appended uint64

	syncing sync.Mutex
	synced  atomic.Uint64
}

func (g *group) append() {
	g.mu.Lock()
	g.pending = append(g.pending, g.payload...)
	g.appended++
	seq := g.appended
	g.mu.Unlock()
	g.syncing.Lock()
	defer g.syncing.Unlock()
	if g.synced.Load() >= seq {
		return
	}
	g.mu.Lock()
	pending, last := g.pending, g.appended
	g.pending = nil
	g.mu.Unlock()
	if _, err := g.file.Write(pending); err != nil {
		panic(err)
	}
	if err := g.file.Sync(); err != nil {
		panic(err)
	}
	g.synced.Store(last)
}

func journalGroupCommit(b *testing.B, senders int) float64 {
	b.Helper()
	w, err := open(b.TempDir(), nil, usage.ExponentialLayout())
	require.NoError(b, err)
	defer func() { require.NoError(b, w.journal.Close()) }()
	keys := make([]uint64, (batchBytes-60)/8)
	for i := range keys {
		keys[i] = uint64(i + 1)
	}
	commit := w.countedWith("GET /a", keys)
	return send(b, senders, func() {
		if err := w.journal.Sync(commit()); err != nil {
			panic(err)
		}
	})
}

// countedWith returns a function that commits one request with so many keys.
func (w *world) countedWith(name string, keys []uint64) func() uint64 {
	var k usage.KeyBuilder
	k.Reset(w.schema)
	for _, v := range []string{"service", "http", name} {
		k.Value(v)
	}
	identity := k.Bytes()
	batches := sync.Pool{New: func() any { return usage.NewBatch(w.hasher) }}
	return func() uint64 {
		b := batches.Get().(*usage.Batch)
		defer batches.Put(b)
		b.Reset()
		g, _ := b.Group(identity, 3600, 0)
		b.Add(usage.Record{Group: g, Duration: 1e6, Bucket: w.layout.Bucket(1e6)}, 0)
		b.Marks.Keys = append(b.Marks.Keys, keys...)
		b.Marks.Seen = append(b.Marks.Seen, make([]bool, len(keys))...)
		return w.Commit(b, usage.Moment{})
	}
}
