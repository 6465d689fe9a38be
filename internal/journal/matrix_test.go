package journal

import (
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// oracle is what a sender knows of the requests that it has sent.
type oracle struct {
	sent uint64 // the newest; they are numbered
	// written and synced are how many have to survive a kill, a power loss.
	written, synced map[uint64]bool
	counted         map[uint64]bool // by the process that runs
	sentIn          map[int64]int64 // how many in each hour
}

func newOracle() *oracle {
	return &oracle{written: map[uint64]bool{}, synced: map[uint64]bool{}, counted: map[uint64]bool{}, sentIn: map[int64]int64{}}
}

func (o *oracle) send(k *kept) uint64 {
	o.sent++
	o.sentIn[k.hour()]++
	seq := k.send(o.sent)
	o.counted[o.sent] = true
	return seq
}

// acknowledge takes an answer as the promise that it is.
func (o *oracle) acknowledge(err error, survives ...map[uint64]bool) {
	for _, set := range survives {
		if err == nil {
			maps.Copy(set, o.counted)
		}
	}
}

func (o *oracle) write(k *kept) { o.acknowledge(k.journal.Write(o.send(k)), o.written) }

func (o *oracle) sync(k *kept) { o.acknowledge(k.journal.Sync(o.send(k)), o.written, o.synced) }

// flush flushes, and cures the journal if that is what it takes, as a meter does.
func (o *oracle) flush(k *kept) {
	err := k.journal.Flush()
	if err != nil {
		err = k.snapshot()
	}
	o.acknowledge(err, o.written, o.synced)
}

// snapshot takes a snapshot, and sends while it is copied.
func (o *oracle) snapshot(k *kept) {
	err := k.journal.Snapshot(time.Unix(0, 1), &sendsBetween{kept: k, oracle: o})
	o.acknowledge(err, o.written, o.synced)
}

type sendsBetween struct {
	*kept
	oracle *oracle
}

// KeyFiles are copied behind the series, and before the totals.
func (s *sendsBetween) KeyFiles() []usage.KeyFile {
	s.oracle.send(s.kept)
	return s.kept.KeyFiles()
}

// live is the life of a process that does everything once.
func (o *oracle) live(fsys files.FS) {
	k, err := openKept(fsys, false)
	if err != nil {
		return
	}
	o.write(k)
	o.write(k)
	k.send(1) // again
	o.flush(k)
	o.sync(k)
	o.send(k)
	o.snapshot(k)
	k.age += 60e9
	o.write(k)
	_ = k.writeKeys()
	o.write(k)
	_ = k.pass()
	o.snapshot(k)
	o.flush(k)
	k.age += 60e9
	o.sync(k)
	o.send(k)
	_ = k.writeKeys()
	_ = k.pass()
	o.write(k)
	o.snapshot(k)
	o.write(k)
	_ = k.pass()
	o.write(k)
	o.acknowledge(k.journal.Close(), o.written, o.synced)
	o.counted = map[uint64]bool{}
}

// lives are two processes, one after the other, and the death of the second.
func (o *oracle) lives(disk *filestest.Memory, wrap func(files.FS) files.FS) error {
	for range 2 {
		fsys, err := disk.Mount()
		if err != nil {
			return err
		}
		o.live(wrap(fsys))
	}
	return nil
}

// check requires of what a crash has left that everything promised is there, that
// nothing is there that was not sent, and that sending all of it again makes it
// exactly what was sent: counts and keys agree.
func (o *oracle) check(t *testing.T, disk *filestest.Memory, promised int, why string) {
	t.Helper()
	k := mustOpenKept(t, disk, false, why)
	require.False(t, k.found.Lost, why)
	require.GreaterOrEqual(t, k.total(), int64(promised), "%s: what was promised is lost", why)
	require.LessOrEqual(t, k.total(), int64(o.sent), "%s: what was sent once counts twice", why)
	o.checkHistory(t, k, why)
	for key := range o.sent {
		k.send(key + 1)
	}
	require.Equal(t, int64(o.sent), k.total(), "%s: all was sent again", why)
	require.NoError(t, k.balance(), why)
	require.NoError(t, k.journal.Close(), why)
	k = mustOpenKept(t, disk, false, why)
	require.Equal(t, int64(o.sent), k.total(), "%s: and the process started again", why)
	require.NoError(t, k.balance(), why)
	require.NoError(t, k.journal.Close(), why)
}

// checkHistory requires that history has all that was counted, once, and in none of its
// periods more than was sent then.
func (o *oracle) checkHistory(t *testing.T, k *kept, why string) {
	t.Helper()
	all, err := k.buckets()
	require.NoError(t, err, why)
	require.NoError(t, k.balanceOf(all), why)
	for i := range all {
		have, sent := int64(0), int64(0)
		for kind := range all[i].sums {
			have += all[i].sums[kind].TotalRequests()
		}
		for hour, n := range o.sentIn {
			if all[i].Start <= hour && hour < all[i].End {
				sent += n
			}
		}
		require.LessOrEqual(t, have, sent, "%s: %+v", why, all[i].Period)
	}
}

func mustOpenKept(t testing.TB, disk *filestest.Memory, quarantine bool, why string) *kept {
	t.Helper()
	fsys, err := disk.Mount()
	require.NoError(t, err, why)
	k, err := openKept(fsys, quarantine)
	require.NoError(t, err, why)
	return k
}

// checkLosses checks all that can be left.
func (o *oracle) checkLosses(t *testing.T, disk *filestest.Memory, seed uint64, why string) {
	t.Helper()
	for n, l := range losses(disk, seed) {
		promised := len(o.synced)
		if n == 0 { // the process was killed
			promised = len(o.written)
		}
		o.check(t, l.left, promised, why+", "+l.name)
	}
}

// fault is one operation that fails, or all from it on.
type fault struct {
	name   string
	mode   filestest.Mode
	sticky bool
}

func faults() (list []fault) {
	for mode, name := range map[filestest.Mode]string{
		filestest.Refuse: "error", filestest.Full: "disk full", filestest.BadSync: "failed sync",
		filestest.BadRead: "failed read", filestest.Deceive: "error that took effect",
	} {
		list = append(list, fault{name + " once", mode, false}, fault{name + " for ever", mode, true})
	}
	slices.SortFunc(list, func(a, b fault) int { return int(a.mode) - int(b.mode) })
	return list
}

// eachFault calls run with every fault at every operation, until there are no
// more operations, and returns at how many points that was.
func eachFault(run func(seed uint64, why string, wrap func(files.FS) files.FS)) (points int) {
	defer debug.SetGCPercent(debug.SetGCPercent(1000)) // each point leaves everything behind
	stride := int(8 / filestest.Share(8))
	for _, f := range faults() {
		for at, ops := 1, 1; at <= ops; at += stride {
			before, current := 0, (*filestest.Faulty)(nil)
			run(uint64(points), fmt.Sprintf("%s at operation %d", f.name, at), func(fsys files.FS) files.FS {
				if current != nil {
					before += current.Ops()
				}
				current = filestest.New(fsys)
				current.SetMode(f.mode)
				if at > before || f.sticky {
					current.FailAt(max(at-before, 1), f.sticky)
				}
				return filestest.Forgetful(current)
			})
			ops = before + current.Ops()
			points++
		}
	}
	return points
}

// TestFaultMatrix lets every operation on files fail, in every way, once and for
// ever, and then lets the process die or the power fail.
func TestFaultMatrix_I1_I2_D1_D6_D7(t *testing.T) {
	t.Parallel()
	points := eachFault(func(seed uint64, why string, wrap func(files.FS) files.FS) {
		disk, o := filestest.NewMemory(), newOracle()
		require.NoError(t, o.lives(disk, wrap))
		o.checkLosses(t, disk, seed, why)
	})
	t.Logf("%d points, each followed by a kill and up to three losses of power", points)
	assert.Greater(t, points, int(filestest.Share(800)))
}
