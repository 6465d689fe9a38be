package meter

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A-F8: a save writes a snapshot, one that cannot says why, and what is in memory stays.
func TestSave_A_F8(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t)
		b.serve("a", 1)
		before := b.memory.Names()
		require.NoError(t, b.Save())
		assert.NotEqual(t, before, b.memory.Names())
		assert.Equal(t, time.Now().Unix(), b.Status().Persistence.Saved.Unix())

		b.serve("a", 1)
		b.full.full.Store(true)
		require.ErrorContains(t, b.Save(), "no space left")
		assert.Contains(t, b.Status().Persistence.LastError, "no space left")
		assert.Equal(t, int64(2), b.counted())
		b.full.full.Store(false)
		require.NoError(t, b.Save())
		assert.Empty(t, b.Status().Persistence.LastError)
		b.die()
		b.start()
		assert.Equal(t, int64(2), b.counted())
		b.stop()
	})
}

// A-F9, A-N1, A-N2: what is loaded is what is counted, by total and by bucket, how often
// it may be.
func TestLoad_A_F9_A_N1_A_N2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t, shortLived)
		busyWeek(b)
		for range 3 {
			merged, err := b.Load()
			require.NoError(t, err)
			assert.Equal(t, Merged{Skipped: 3}, merged, "a is live, and has retired rows as both others do")
			b.check()
		}
		b.stop()
		b.start()
		b.check()
		b.stop()
	})
}

// A-F9, A-N6: damaged state is an error, and is left as it is.
func TestLoadOfDamage_A_F9_A_N6(t *testing.T) {
	b := newHistoryBench(t)
	b.serve("a", 1)
	require.NoError(t, b.Save())
	for _, name := range b.memory.Names() {
		if strings.HasSuffix(name, ".snapshot") {
			b.memory.Edit(name, func(data []byte) []byte {
				data[len(data)/2] ^= 1
				return data
			})
		}
	}
	names := b.memory.Names()
	_, err := b.Load()
	require.Error(t, err)
	assert.Equal(t, names, b.memory.Names())
	assert.NotEmpty(t, b.Status().Persistence.LastError)
	assert.Equal(t, int64(1), b.counted())
	b.stop()
}

// A-F9: state that is gone is no state.
func TestLoadOfNothing_A_F9(t *testing.T) {
	dir := t.TempDir()
	b := newBench(t, dir, Write)
	b.request(t)
	removeAll(t, dir, "*.snapshot")
	removeAll(t, dir, "*.journal")
	_, err := b.Load()
	require.ErrorIs(t, err, ErrNoState)
	require.NoError(t, b.Save())
	_, err = b.Load()
	require.NoError(t, err)
	require.NoError(t, b.close(t))
}

// A-F8, A-N12: without persistence nothing is written, and nothing is read.
func TestSaveAndLoadOfNothingKept_A_N12(t *testing.T) {
	b := newHistoryBench(t, inMemoryOnly)
	require.ErrorIs(t, b.Save(), ErrNotKept)
	_, err := b.Load()
	require.ErrorIs(t, err, ErrNotKept)
	b.stop()
}
