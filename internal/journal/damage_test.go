package journal

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// specimen is a small state directory that has everything, and what it holds.
type specimen struct {
	disk *filestest.Memory
	// newest is the newest of two snapshots; empty if there is one only.
	newest string
	sent   uint64
	// at are the states at each commit, the last one is what it holds.
	at   map[uint64]standing
	last standing
	told string // of history by what is whole
}

// newSpecimen has two generations, dedup keys in files and outside, retired rows, and
// hours in memory, in a file and, unless it was restarted, in a day. All of it is on the disk. The newest generation was begun by a process
// that started, or by one that ran.
func newSpecimen(t testing.TB, restarted bool) *specimen {
	t.Helper()
	s := &specimen{disk: filestest.NewMemory(), at: map[uint64]standing{}}
	k := mustOpenKept(t, s.disk, false, "new")
	s.send(k, 2)
	k.Retire()
	s.send(k, 3)
	k.age += 60e9
	s.send(k, 1)
	require.NoError(t, k.writeKeys())
	require.NoError(t, k.pass())
	require.NoError(t, k.snapshot())
	s.send(k, 1)
	if restarted {
		require.NoError(t, k.journal.Close())
		k = mustOpenKept(t, s.disk, false, "again")
	} else {
		require.NoError(t, k.pass())
		require.NoError(t, k.snapshot())
	}
	s.send(k, 2)
	require.NoError(t, k.journal.Flush())
	s.send(k, 1)
	require.NoError(t, k.journal.Close())
	s.last = s.at[k.Stats().Seq]
	s.disk = s.disk.Crash(rand.New(constant(math.MaxUint64)))
	s.newest, s.told = newest(s.disk, ".snapshot"), toldOf(t, s.disk)
	return s
}

// toldOf is what history a disk has.
func toldOf(t testing.TB, disk *filestest.Memory) string {
	t.Helper()
	k := newKept(mounted(t, disk.Kill()))
	_, err := k.journal.Recover(k.Engine)
	require.NoError(t, err)
	require.NoError(t, k.balance())
	return k.told()
}

func (s *specimen) send(k *kept, requests int) {
	for range requests {
		s.sent++
		k.send(s.sent)
		s.at[k.Stats().Seq] = k.standing()
	}
}

// damage is one thing that happened to one file.
type damage struct {
	file string
	what string
	at   int                 // which byte
	edit func([]byte) []byte // nil: the file is gone
	cut  bool                // the file has become shorter
}

// damages are every single bit that is another one, every length that is too
// short, and that the file is not there.
func (s *specimen) damages(file string) (list []damage) {
	list = append(list, damage{file, "gone", 0, nil, true})
	for at := range s.disk.Read(file) {
		for bit := range 8 {
			list = append(list, damage{file, fmt.Sprintf("byte %d, bit %d", at, bit), at, func(p []byte) []byte {
				p[at] ^= 1 << bit
				return p
			}, false})
		}
		list = append(list, damage{file, fmt.Sprintf("cut at %d", at), at, func(p []byte) []byte { return p[:at] }, true})
	}
	return list
}

// TestEveryDamageIsNoticed flips every bit, and cuts at every length, of every
// file of a state directory: of one that is whole, and of one that has lost its
// newest snapshot already, so that the generation before it matters.
func TestEveryDamageIsNoticed_I1_I4_I8_C1_C2_C3(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1000))
	var points, lost atomic.Int64
	t.Run("files", func(t *testing.T) {
		for i, s := range []*specimen{newSpecimen(t, true), newSpecimen(t, false).withoutNewest(t)} {
			for _, name := range s.disk.Names() {
				t.Run(fmt.Sprintf("%d/%s", i, name), func(t *testing.T) {
					t.Parallel()
					list, seen := s.damages(name), findings{}
					for i := 0; i < len(list); i += int(8 / filestest.Share(8)) {
						d := list[i]
						points.Add(1)
						if i%4 == 0 { // of nine for each byte
							s.checkVerify(t, d)
						}
						if s.check(t, d, &seen) {
							lost.Add(1)
						}
					}
				})
			}
		}
	})
	t.Logf("%d points, at %d of which something was lost", points.Load(), lost.Load())
	assert.Greater(t, points.Load(), filestest.Share(20_000))
	assert.Greater(t, lost.Load(), filestest.Share(8000))
}

// withoutNewest is the specimen without its newest snapshot. It still has all.
func (s *specimen) withoutNewest(t *testing.T) *specimen {
	t.Helper()
	out := *s
	out.disk, out.newest = s.disk.Kill(), ""
	remove(t, out.disk, s.newest)
	out.told = toldOf(t, out.disk)
	return &out
}

func remove(t testing.TB, disk *filestest.Memory, name string) {
	t.Helper()
	fsys := mounted(t, disk)
	require.NoError(t, errors.Join(fsys.Remove(name), fsys.Sync(), fsys.Close()))
}

// after is the disk after a damage.
func (s *specimen) after(t *testing.T, d damage) *filestest.Memory {
	t.Helper()
	disk := s.disk.Kill()
	if d.edit == nil {
		remove(t, disk, d.file)
	} else {
		disk.Edit(d.file, d.edit)
	}
	return disk
}

// findings are what was found after the damages to one byte, and what was there then.
// What becomes of it is decided by that alone: it is looked at once.
type findings struct {
	at   int
	seen map[string]standing
	all  int // of all bytes
}

// isNew says whether nothing was found that is the same.
func (f *findings) isNew(k *kept, d damage) bool {
	if f.at != d.at || f.seen == nil {
		f.at, f.seen = d.at, map[string]standing{}
	}
	name, now := fmt.Sprintf("%t %d %+v", d.cut, k.Stats().Seq, k.found), k.standing()
	if before, ok := f.seen[name]; ok && before.equal(&now) && before.keys == now.keys {
		return false
	}
	f.seen[name] = now
	f.all++
	return true
}

// check opens the specimen after a damage and says whether something was lost.
func (s *specimen) check(t *testing.T, d damage, seen *findings) (lost bool) {
	t.Helper()
	disk := s.after(t, d)
	before := contents(disk)
	k := newKept(mounted(t, disk))
	var err error
	k.found, err = k.journal.Recover(k.Engine)
	require.Equal(t, before, contents(disk), "%s: reading has changed something", d.what)
	if err != nil {
		var newer *NewerError
		require.ErrorAs(t, err, &newer, d.what)
		require.NoError(t, k.journal.Close())
		return false
	}
	s.checkFail(t, k, d)
	if seen.isNew(k, d) {
		s.checkQuarantine(t, k, disk, before, d, seen.all%4 == 0)
	} else {
		require.NoError(t, k.journal.Close(), d.what)
	}
	return k.found.Lost
}

func mounted(t testing.TB, disk *filestest.Memory) files.FS {
	t.Helper()
	fsys, err := disk.Mount()
	require.NoError(t, err)
	return fsys
}

// checkFail: with `on_corruption: fail` nothing starts on what was reported here,
// so that nothing may be missing where nothing is. Only the end of the newest
// journal can go without leaving a trace.
func (s *specimen) checkFail(t *testing.T, k *kept, d damage) {
	t.Helper()
	if len(k.found.Damage) > 0 {
		return
	}
	want := s.last
	if d.cut && d.file == newest(s.disk, ".journal") {
		want = s.at[k.Stats().Seq]
	} else {
		require.Equal(t, s.told, k.told(), "%s: history is silently wrong", d.what)
	}
	got := k.standing()
	require.True(t, got.equal(&want) && got.keys == want.keys, "%s: silently wrong", d.what)
}

// checkHistory: of what is damaged nothing is told, and nothing else is missing.
func checkHistory(t *testing.T, k *kept, d damage) {
	t.Helper()
	all, err := k.buckets()
	if err == nil {
		require.NoError(t, k.balanceOf(all), d.what)
		return
	}
	var corrupt *CorruptError
	require.ErrorAs(t, err, &corrupt, d.what)
	require.Equal(t, d.file, corrupt.File, d.what)
	h := k.History()
	all = []bucket{{sums: h.Sums()}}
	for _, p := range k.OpenHours() {
		b := bucket{Period: p}
		require.NoError(t, k.hourRows(p.Start, b.add))
		all = append(all, b)
	}
	require.NoError(t, k.balanceOf(all), d.what)
}

// checkVerify: whatever is no cut is found by reading everything.
func (s *specimen) checkVerify(t *testing.T, d damage) {
	t.Helper()
	if d.edit == nil || d.cut && strings.HasSuffix(d.file, ".journal") {
		return
	}
	fsys := mounted(t, s.after(t, d))
	report, err := Verify(fsys)
	require.NoError(t, errors.Join(err, fsys.Close()), d.what)
	for _, f := range report.Files {
		if f.Name == d.file {
			require.True(t, f.Err != nil || f.Torn > 0, "%s: verified", d.what)
			continue
		}
		require.NoError(t, f.Err, d.what)
		require.Zero(t, f.Torn, d.what)
	}
}

// checkQuarantine: with `on_corruption: quarantine` it starts with whatever is
// certain, says so, and keeps what was damaged.
func (s *specimen) checkQuarantine(t *testing.T, k *kept, disk *filestest.Memory, before map[string][]byte, d damage, resend bool) {
	t.Helper()
	require.NoError(t, k.start(), d.what)
	got := k.standing()
	s.checkLoss(t, k, &got, d)
	checkHistory(t, k, d)
	checkSetAside(t, k, before, disk, d)
	if resend && !strings.HasSuffix(d.file, ".keys") {
		for key := range s.sent {
			k.send(key + 1)
		}
		require.Equal(t, int64(s.sent), k.total(), "%s: all was sent again", d.what)
		got = k.standing()
	}
	require.NoError(t, k.journal.Close(), d.what)
	again := newKept(mounted(t, disk))
	found, err := again.journal.Recover(again.Engine)
	require.NoError(t, err, d.what)
	require.Empty(t, found.Damage, "%s: is still there", d.what)
	checkHistory(t, again, d)
	second := again.standing()
	require.True(t, second.equal(&got) && second.keys == got.keys, "%s: the next start differs", d.what)
}

// checkLoss: no number is too high, and where any is too low all series begin
// anew.
func (s *specimen) checkLoss(t *testing.T, k *kept, got *standing, d damage) {
	t.Helper()
	require.True(t, got.within(&s.last), "%s: too much", d.what)
	switch {
	case d.file == s.newest:
		require.True(t, got.equal(&s.last) && !k.found.Lost, "%s: the snapshot before it has everything", d.what)
	case k.found.Lost:
		require.Empty(t, got.live, "%s: a counter may be seen to fall", d.what)
	case d.cut && d.file == newest(s.disk, ".journal"):
		want := s.at[k.Stats().Seq]
		require.True(t, got.equal(&want), "%s: a commit is there in part", d.what)
	default:
		require.True(t, got.equal(&s.last), "%s: silently wrong", d.what)
	}
}

// checkSetAside: what was found damaged is in the quarantine, as it was found.
func checkSetAside(t *testing.T, k *kept, before map[string][]byte, disk *filestest.Memory, d damage) {
	t.Helper()
	for _, damage := range k.found.Damage {
		if corrupt := (*CorruptError)(nil); errors.As(damage, &corrupt) {
			moved := disk.Read("quarantine/" + corrupt.File + damagedSuffix)
			require.True(t, bytes.Equal(before[corrupt.File], moved), "%s: `%s` is not in the quarantine", d.what, corrupt.File)
		}
	}
}

// contents are all files of a disk.
func contents(disk *filestest.Memory) map[string][]byte {
	all := map[string][]byte{}
	for _, name := range disk.Names() {
		all[name] = disk.Read(name)
	}
	return all
}
