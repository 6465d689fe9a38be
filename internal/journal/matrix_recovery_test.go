package journal

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// describe is everything that recovery has to bring back, in words.
func (k *kept) describe() string {
	var b strings.Builder
	rows, _, _ := k.Rows(nil, 0, math.MaxInt32)
	for i := range rows {
		r := &rows[i]
		fmt.Fprintf(&b, "%d %q since %d: %+v, %+v, %+v\n", r.Slot, r.Values, r.Start, r.Measures, r.Durations, r.FirstTokens)
	}
	retired, _ := k.Retired(nil, 0, math.MaxInt32)
	for i := range retired {
		fmt.Fprintf(&b, "retired %q: %+v\n", retired[i].Values, retired[i].Measures)
	}
	fmt.Fprintf(&b, "ledgers %v, %d keys, once %q\n", k.Stats().Ledgers, k.DedupStats().Keys, k.once())
	b.WriteString(k.told())
	return b.String()
}

// beginnings are disks on which recovery has something to do, all of it synced.
func beginnings(t *testing.T) map[string]*filestest.Memory {
	t.Helper()
	disk, o := filestest.NewMemory(), newOracle()
	require.NoError(t, o.lives(disk, func(fsys files.FS) files.FS { return fsys }))
	whole := disk.Crash(rand.New(constant(math.MaxUint64)))
	edited := func(suffix string, edit func([]byte) []byte) *filestest.Memory {
		d := whole.Kill()
		d.Edit(newest(d, suffix), edit)
		return d
	}
	flip := func(at float64) func([]byte) []byte {
		return func(p []byte) []byte {
			p[int(at*float64(len(p)))] ^= 1
			return p
		}
	}
	return map[string]*filestest.Memory{
		"nothing":             filestest.NewMemory(),
		"whole":               whole,
		"torn end":            edited(".journal", func(p []byte) []byte { return p[:len(p)-10] }),
		"unfinished file":     edited(".snapshot.tmp", func([]byte) []byte { return []byte("half") }),
		"damaged snapshot":    edited(".snapshot", flip(0.5)),
		"damaged journal":     edited(".journal", flip(0.3)),
		"damaged dedup keys":  damagedAll(whole, ".keys", flip(0.9)),
		"damaged history":     damagedAll(whole, ".history", flip(0.1)),
		"damaged behind torn": damagedBehindTorn(t, edited(".journal", func(p []byte) []byte { return p[:len(p)-10] }), flip(0.5)),
	}
}

// damagedAll damages all files of a kind: snapshots refer to some.
func damagedAll(whole *filestest.Memory, suffix string, edit func([]byte) []byte) *filestest.Memory {
	d := whole.Kill()
	for _, name := range d.Names() {
		if strings.HasSuffix(name, suffix) {
			d.Edit(name, edit)
		}
	}
	return d
}

// damagedBehindTorn damages the snapshot of the run that has named a journal
// torn, so that this one is needed again.
func damagedBehindTorn(t *testing.T, torn *filestest.Memory, edit func([]byte) []byte) *filestest.Memory {
	t.Helper()
	fsys, err := torn.Mount()
	require.NoError(t, err)
	k, err := openKept(fsys, false)
	require.NoError(t, err)
	require.NoError(t, k.journal.Close())
	d := torn.Crash(rand.New(constant(math.MaxUint64)))
	d.Edit(newest(d, ".snapshot"), edit)
	return d
}

// newest is the file with the highest number; a file with a new name if there is
// none.
func newest(disk *filestest.Memory, suffix string) string {
	for _, name := range slices.Backward(disk.Names()) {
		if strings.HasSuffix(name, suffix) && !strings.Contains(name, "/") {
			return name
		}
	}
	return "00000000000000000099" + suffix
}

// TestRecoveryMatrix lets every operation of a recovery fail, in every way, or be
// the last of its process: whatever it leaves, the next recovery comes to what an
// undisturbed one comes to.
func TestRecoveryMatrix_I8_P3_D5(t *testing.T) {
	t.Parallel()
	points := 0
	for _, name := range slices.Sorted(maps.Keys(beginnings(t))) {
		begin := beginnings(t)[name]
		k := mustOpenKept(t, begin.Kill(), true, name)
		require.Equal(t, strings.HasPrefix(name, "damaged"), len(k.found.Damage) > 0, "%s: %v", name, k.found.Damage)
		want := k.describe()
		tried := eachFault(func(seed uint64, why string, wrap func(files.FS) files.FS) {
			disk := begin.Kill()
			fsys, err := disk.Mount()
			require.NoError(t, err)
			if k, err := openKept(wrap(fsys), true); err == nil {
				require.Equal(t, want, k.describe(), "%s, %s: it started", name, why)
			}
			for _, l := range losses(disk, seed) {
				k := mustOpenKept(t, l.left, true, name+", "+why)
				require.Equal(t, want, k.describe(), "%s, %s, %s", name, why, l.name)
			}
		})
		require.Positive(t, tried)
		points += tried
	}
	t.Logf("%d points, each followed by a kill and up to three losses of power", points)
	assert.Greater(t, points, int(filestest.Share(800)))
}

// TestRecoveryMatrixAfterKill is the same for a disk that a killed process has
// left: what recovery reads there, the loss of power can still take away.
func TestRecoveryMatrixAfterKill_I1_I2_I8(t *testing.T) {
	begin, o := filestest.NewMemory(), newOracle()
	fsys, err := begin.Mount()
	require.NoError(t, err)
	k, err := openKept(fsys, false)
	require.NoError(t, err)
	o.sync(k)
	o.snapshot(k)
	o.sync(k)
	for range 3 {
		o.write(k)
	}
	points := eachFault(func(seed uint64, why string, wrap func(files.FS) files.FS) {
		disk := begin.Kill()
		fsys, err := disk.Mount()
		require.NoError(t, err)
		if k, err := openKept(wrap(fsys), false); err == nil {
			require.Equal(t, int64(len(o.written)), k.total(), why)
		}
		o.checkLosses(t, disk, seed, why)
	})
	t.Logf("%d points, each followed by a kill and up to three losses of power", points)
	assert.Greater(t, points, int(filestest.Share(64)))
}
