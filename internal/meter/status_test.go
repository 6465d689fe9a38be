package meter

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// A-F7, A-N4: the status says what is kept where, and never what has not happened.
func TestStatus_A_F7_A_N4(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		v := newMover(t, dir, disabled, func(o *Options) { o.Prices = &Prices{} })
		opened := time.Now()
		s := v.Status()
		assert.Equal(t, PersistenceStatus{PersistenceSettings: PersistenceSettings{Interval: 10 * time.Second}, Path: dir}, s.Persistence)
		assert.True(t, s.Persistence.Saved.IsZero())
		assert.Zero(t, s.Epoch)
		assert.True(t, opened.Equal(s.Opened))
		assert.NotEmpty(t, s.Writer)
		assert.NotEmpty(t, s.Prices)

		time.Sleep(time.Second)
		v.serve(0, 2)
		v.Pause()
		v.change(PersistenceChange{Enabled: to(true), FilePath: to("a/b")})
		synctest.Wait() // for the second snapshot
		s = v.Status()
		p := s.Persistence
		assert.Equal(t, filepath.Join(dir, "a", "b"), p.Path)
		assert.Equal(t, []string{"enabled", "file-path"}, p.Overridden)
		assert.True(t, time.Now().Equal(p.Saved))
		assert.True(t, p.Loaded.IsZero())
		assert.Positive(t, p.JournalBytes)
		assert.Positive(t, p.SnapshotBytes)
		assert.Equal(t, uint64(1), s.Epoch)
		assert.True(t, s.Paused)
		assert.Equal(t, [usage.Kinds]int{usage.Endpoint: 2}, s.Series)
		assert.Equal(t, int64(2), s.Ledgers.Counted())
		v.Resume()
		v.disable()
		assert.Equal(t, p.Saved, v.Status().Persistence.Saved)
		assert.Zero(t, v.Status().Epoch)
		v.close()
	})
}

// A-F8: the last error is there until writing works again.
func TestStatusOfAFailingDisk_A_F8(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, t.TempDir(), Write)
		saved := b.Status().Persistence.Saved
		time.Sleep(time.Second)
		b.disk.FailNow(true)
		b.request(t)
		p := b.Status().Persistence
		assert.Contains(t, p.LastError, "injected")
		assert.Equal(t, saved, p.Saved)
		b.disk.Heal()
		time.Sleep(time.Minute)
		p = b.Status().Persistence
		assert.Empty(t, p.LastError)
		assert.True(t, p.Saved.After(saved))
		require.NoError(t, b.close(t))
	})
}

// The disk may be what persistence is disabled for: what could not be written is said.
func TestDisablingWhileTheDiskFails_A_R16(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newMover(t, t.TempDir(), func(o *Options) { o.Persistence.Refuse = true })
		v.serve(0, 1)
		v.disks[""].FailNow(true)
		require.Error(t, v.Traces(t.Context(), routed(0, 1), consumertest.NewNop()))
		assert.True(t, v.failing())
		v.disable()
		assert.False(t, v.failing())
		assert.NotEmpty(t, v.Status().Persistence.LastError)
		assert.Equal(t, 1, v.logs.FilterMessageSnippet("before persistence was disabled").Len())
		v.serve(0, 1)
		v.disks[""].Heal()
		before := content(t, v.dir)
		time.Sleep(time.Minute)
		assert.Equal(t, before, content(t, v.dir))
		v.enable()
		assert.Empty(t, v.Status().Persistence.LastError)
		assert.Equal(t, int64(3), v.storedRequests(""))
		v.close()
	})
}
