package meter

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// I1: what was taken over before a move failed stays in the totals, and is written soon.
func TestUndoneTakeoverIsWritten_I1(t *testing.T) {
	undone := 0
	for op, failed := 1, true; failed; op++ {
		synctest.Test(t, func(t *testing.T) {
			v := newMover(t, t.TempDir())
			other := newMover(t, filepath.Join(v.dir, "a"))
			other.serve(0, 3)
			other.close()
			v.serve(0, 2)
			v.prepare = func(d *filestest.Faulty) { d.FailAt(op, true) }
			err := v.ReconfigurePersistence(t.Context(), PersistenceChange{FilePath: to("a")})
			if failed = err != nil; failed {
				live, retired := requestsIn(v.View())
				if retired > 0 {
					undone++
				}
				time.Sleep(30 * time.Second)
				synctest.Wait()
				assert.Equal(t, live+retired, v.storedRequests(""))
			} else {
				v.disks["a"].Heal()
			}
			require.NoError(t, v.Close())
			require.NoError(t, v.telemetry.Shutdown(t.Context()))
		})
	}
	assert.Positive(t, undone)
}
