package journal

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// fillOnce commits so many calls, sources and streams that they are copied in
// several parts.
func (w *world) fillOnce(first, n int) {
	b := usage.NewBatch(w.hasher)
	var k usage.KeyBuilder
	k.Set(w.schemas.Intern(usage.Provider, usage.BaseNames(usage.Provider)), []string{"app", "openai", usage.GenAI, "m", "chat"})
	for i := first; i < first+n; i++ {
		source := int32(0)
		if i%10 == 0 {
			source = b.Source(fmt.Appendf(nil, "source %d", i), usage.Rank(i%7))
		}
		g, _ := b.Group(k.Bytes(), 0, source)
		b.AddCall(b.Add(usage.Record{Group: g}, 0), usage.Call{Self: spread(uint64(i + 1)), Start: int64(i), End: int64(i + 1)})
		b.Add(usage.Record{Group: g, Amount: b.AddAmount(usage.Amount{
			Value: usage.Value{Sum: int64(i), Spread: []usage.BucketCount{{Bucket: usage.Bucket(i % 100), Count: 1}}}, Field: -1,
			Stream: spread(uint64(i + 1)), Start: 1e18, Time: int64(i),
		})}, 0)
	}
	w.Commit(b, usage.Moment{})
}

func TestWhatMakesOneCallCountOnceIsKept(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	w.fillOnce(0, 3*onceCopy+7)
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	w.fillOnce(onceCopy, 100)
	w.fillOnce(3*onceCopy, 100)
	want := w.describe(FormatVersion)
	require.NoError(t, w.journal.Close())
	for range 2 {
		w = mustOpen(t, dir)
		assert.Equal(t, want, w.describe(FormatVersion))
		require.NoError(t, w.journal.Close())
	}
}

// Buckets of another layout stay behind; the next point is counted all the same,
// from where the last one was.
func TestChangedLayoutKeepsStreams(t *testing.T) {
	for name, snapshot := range map[string]bool{"snapshot": true, "journal": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w := mustOpen(t, dir)
			w.once(1)
			if snapshot {
				require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
			}
			require.NoError(t, w.journal.Close())
			w, err := open(dir, nil, usage.ExplicitLayout([]time.Duration{time.Second, time.Minute}))
			require.NoError(t, err)
			for _, s := range streamsOf(w.Engine) {
				assert.Empty(t, s.Spread)
			}
			assert.Equal(t, int64(2), w.requests())
			w.once(2)
			assert.Equal(t, int64(4), w.requests(), "a call, and one more in the stream")
			row := w.rows()[0]
			assert.Equal(t, []uint64{1, 0, 1}, row.Durations.Counts, "the call's own, and the mean of what is new")
			require.NoError(t, w.journal.Close())
		})
	}
}

// A header that says another version than the beginning of its file is damage.
func TestFlippedVersionIsFound(t *testing.T) {
	s := newSpecimen(t, false)
	for _, name := range []string{s.newest, newest(s.disk, ".journal"), newest(s.disk, ".keys")} {
		for older := range byte(FormatVersion) {
			disk := s.disk.Kill()
			disk.Edit(name, func(p []byte) []byte {
				p[len(journalMagic)] = older
				return p
			})
			k := newKept(mounted(t, disk))
			found, err := k.journal.Recover(k.Engine)
			require.NoError(t, err)
			assert.NotEmpty(t, found.Damage, "`%s` as version %d", name, older)
			require.NoError(t, k.journal.Close())
		}
	}
}
