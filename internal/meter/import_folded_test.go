package meter

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// I1: what a writer tells of by identity once, and without one later, counts once.
func TestImportOfFoldedRowsCountsOnce_I1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := newMover(t, t.TempDir(), disabled, func(o *Options) { o.MaxSeries, o.Retention = 10, 10*time.Minute })
		v := newMover(t, t.TempDir(), disabled)
		check := func() {
			_, err := v.Import(written(t, other.Meter))
			require.NoError(t, err)
			v.total(other.served)
		}
		for n := range 4 {
			other.serve(8*n, 8*n+8)
			check()
			time.Sleep(time.Hour)
			synctest.Wait()
			other.expire()
			check()
		}
		v.close()
		other.close()
	})
}
