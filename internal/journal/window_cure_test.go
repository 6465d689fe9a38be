package journal

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// dying copies a directory when a snapshot is about to get its name, which is
// what a process leaves that is killed there.
type dying struct {
	files.FS
	dir, left string
}

func (d dying) Rename(string, string) error {
	if err := os.CopyFS(d.left, os.DirFS(d.dir)); err != nil {
		return err
	}
	return filestest.ErrFault
}

// The disk fails while a window is journalled, at any operation, and the process
// dies while that is being cured. Nothing was lost: recovery must not take the
// window that is missing in the failed journal for damage.
func TestWindowMissingInAFailedJournal_I8(t *testing.T) {
	failed := 0
	for at := 1; ; at++ {
		dir := t.TempDir()
		disk := faulty(t, dir)
		w, err := open(dir, disk, usage.ExponentialLayout())
		require.NoError(t, err)
		w.count("GET /a")
		w.infer()
		require.NoError(t, w.journal.Flush())
		disk.FailAt(disk.Ops()+at, true)
		_, err = w.cut()
		disk.Heal()
		if err == nil {
			require.NoError(t, w.journal.Close())
			break
		}
		failed++
		left := filepath.Join(t.TempDir(), "state")
		w.journal.fs = dying{FS: disk, dir: dir, left: left}
		require.ErrorIs(t, w.journal.Snapshot(time.Unix(0, 1), w), filestest.ErrFault)
		w.journal.fs = disk
		_ = w.journal.Close() // it may be broken

		again, err := open(left, nil, usage.ExponentialLayout())
		require.NoError(t, err, "operation %d", at)
		assert.Equal(t, int64(2), again.requests(), "operation %d", at)
		assert.Empty(t, again.found.Damage, "operation %d", at)
		require.NoError(t, again.journal.Close())
	}
	assert.Greater(t, failed, 5)
}
