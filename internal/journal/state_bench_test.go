package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// BenchmarkState measures snapshot and recovery by the number of series, with
// the plain write of as many bytes beside them, and for how long a commit had to
// wait at most while a snapshot was taken.
func BenchmarkState(b *testing.B) {
	for _, series := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("series=%d", series), func(b *testing.B) {
			dir := b.TempDir()
			w, err := open(dir, nil, usage.ExponentialLayout())
			require.NoError(b, err)
			w.define(series)
			require.NoError(b, w.journal.Snapshot(time.Unix(0, 1), w))
			b.Run("snapshot", func(b *testing.B) { benchSnapshot(b, w) })
			b.Run("plain", func(b *testing.B) { benchPlain(b, w.journal.SnapshotSize()) })
			require.NoError(b, w.journal.Close())
			b.Run("recover", func(b *testing.B) { benchRecover(b, dir, series) })
		})
	}
}

// define commits one request to each of so many endpoints.
func (w *world) define(series int) {
	const perBatch = 1000
	for from := 0; from < series; from += perBatch {
		batch := usage.NewBatch(w.hasher)
		for i := from; i < min(from+perBatch, series); i++ {
			var k usage.KeyBuilder
			k.Reset(w.schema)
			for _, v := range []string{"service", "http", fmt.Sprintf("GET /api/v1/things/%d/parts", i)} {
				k.Value(v)
			}
			g, _ := batch.Group(k.Bytes(), 3600, 0)
			batch.Add(usage.Record{Group: g, Duration: 1e6, Bucket: w.layout.Bucket(1e6)}, 0)
		}
		w.Commit(batch, usage.Moment{})
	}
}

func benchSnapshot(b *testing.B, w *world) {
	b.Helper()
	stop, stalled := make(chan struct{}), make(chan time.Duration)
	go func() {
		var worst time.Duration
		commit := w.countedWith("GET /busy", []uint64{1})
		for {
			select {
			case <-stop:
				stalled <- worst
				return
			case <-time.After(100 * time.Microsecond):
				begin := time.Now()
				commit()
				worst = max(worst, time.Since(begin))
			}
		}
	}()
	for b.Loop() {
		require.NoError(b, w.journal.Snapshot(time.Unix(0, 1), w))
	}
	close(stop)
	b.ReportMetric(float64((<-stalled).Microseconds()), "us-worst-commit")
	b.ReportMetric(float64(w.journal.SnapshotSize()), "bytes")
}

func benchPlain(b *testing.B, size int64) {
	b.Helper()
	content, name := make([]byte, size), filepath.Join(b.TempDir(), "plain")
	for b.Loop() {
		file, err := os.Create(name)
		require.NoError(b, err)
		_, err = file.Write(content)
		require.NoError(b, err)
		require.NoError(b, file.Sync())
		require.NoError(b, file.Close())
	}
}

func benchRecover(b *testing.B, dir string, series int) {
	b.Helper()
	for b.Loop() {
		w, err := recoverOnly(dir, nil, usage.ExponentialLayout())
		require.NoError(b, err)
		if got := w.Stats().Series[usage.Endpoint]; got < series {
			b.Fatalf("%d series", got)
		}
		require.NoError(b, w.journal.Close())
	}
}
