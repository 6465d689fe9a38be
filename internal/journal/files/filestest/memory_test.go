package filestest_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// mounted returns a disk and what is mounted of it.
func mounted(t *testing.T) (*filestest.Memory, files.FS) {
	t.Helper()
	disk := filestest.NewMemory()
	fsys, err := disk.Mount()
	require.NoError(t, err)
	return disk, fsys
}

// create makes a file that stays open.
func create(t *testing.T, fsys files.FS, name, content string) files.File {
	t.Helper()
	f, err := fsys.Create(name)
	require.NoError(t, err)
	add(t, f, content)
	return f
}

func add(t *testing.T, f files.File, content string) {
	t.Helper()
	_, err := f.Write([]byte(content))
	require.NoError(t, err)
}

// crashes returns what is left of a disk after many losses of power: how often
// there was what, described by a function.
func crashes(disk *filestest.Memory, describe func(*filestest.Memory) string) map[string]int {
	rng, found := rand.New(rand.NewPCG(1, 1)), map[string]int{}
	for range 2000 {
		found[describe(disk.Crash(rng))]++
	}
	return found
}

func names(m *filestest.Memory) string { return strings.Join(m.Names(), " ") }

func content(name string) func(*filestest.Memory) string {
	return func(m *filestest.Memory) string { return string(m.Read(name)) }
}

func TestSyncedSurvives(t *testing.T) {
	disk, fsys := mounted(t)
	f := create(t, fsys, "a", "content")
	require.NoError(t, f.Sync())
	require.NoError(t, fsys.Sync())
	assert.Equal(t, map[string]int{"a": 2000}, crashes(disk, names))
	assert.Equal(t, map[string]int{"content": 2000}, crashes(disk, content("a")))
	require.NoError(t, fsys.Remove("a"))
	require.NoError(t, fsys.Sync())
	assert.Equal(t, map[string]int{"": 2000}, crashes(disk, names))
}

// Of what was not synced anything may be left, in the order of the changes to
// names.
func TestUnsyncedNames(t *testing.T) {
	disk, fsys := mounted(t)
	create(t, fsys, "a", "")
	create(t, fsys, "b", "")
	require.NoError(t, fsys.Rename("a", "c"))
	assert.ElementsMatch(t, []string{"", "a", "a b", "b c"}, slices.Collect(maps.Keys(crashes(disk, names))))
	require.NoError(t, fsys.Sync())
	require.NoError(t, fsys.Remove("b"))
	_, err := fsys.Quarantine("c")
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"b c", "c", "quarantine/c"}, slices.Collect(maps.Keys(crashes(disk, names))))
}

// A name does not bring the content along, nor the other way round.
func TestNameAndContent(t *testing.T) {
	disk, fsys := mounted(t)
	f := create(t, fsys, "a", "content")
	require.NoError(t, f.Sync())
	assert.ElementsMatch(t, []string{"", "a"}, slices.Collect(maps.Keys(crashes(disk, names))))
	assert.ElementsMatch(t, []string{"", "content"}, slices.Collect(maps.Keys(crashes(disk, content("a")))), "all, where the name is there")

	disk, fsys = mounted(t)
	create(t, fsys, "a", "content")
	require.NoError(t, fsys.Sync())
	assert.Equal(t, map[string]int{"a": 2000}, crashes(disk, names))
	assert.Contains(t, crashes(disk, content("a")), "")
}

// A rename takes place or does not, and takes what was synced along.
func TestUnsyncedRename(t *testing.T) {
	disk, fsys := mounted(t)
	require.NoError(t, create(t, fsys, "a", "old").Sync())
	require.NoError(t, create(t, fsys, "b", "new").Sync())
	require.NoError(t, fsys.Sync())
	require.NoError(t, fsys.Rename("b", "a"))
	found := crashes(disk, func(m *filestest.Memory) string {
		return names(m) + ": " + string(m.Read("a")) + " " + string(m.Read("b"))
	})
	assert.ElementsMatch(t, []string{"a b: old new", "a: new "}, slices.Collect(maps.Keys(found)))
}

func TestUnsyncedContent(t *testing.T) {
	disk, fsys := mounted(t)
	f := create(t, fsys, "a", strings.Repeat("s", 700))
	require.NoError(t, f.Sync())
	require.NoError(t, fsys.Sync())
	add(t, f, strings.Repeat("u", 1500))
	found := crashes(disk, func(m *filestest.Memory) string {
		left := bytes.TrimPrefix(m.Read("a"), bytes.Repeat([]byte("s"), 700))
		switch u := bytes.Count(left, []byte("u")); {
		case len(left) > 1500:
			return "too long"
		case u+bytes.Count(left, []byte{0}) != len(left):
			return "something else"
		case len(left) == 0:
			return "nothing"
		case u == 1500:
			return "all"
		case u == len(left):
			return "the beginning"
		default:
			return "holes"
		}
	})
	assert.Len(t, found, 4)
	for _, what := range []string{"nothing", "all", "the beginning", "holes"} {
		assert.Greater(t, found[what], 100, what)
	}
	require.NoError(t, f.Sync())
	assert.Len(t, crashes(disk, content("a")), 1)
}

func TestSameSeedSameCrash(t *testing.T) {
	disk, fsys := mounted(t)
	for name := range strings.SplitSeq("abcdefgh", "") {
		add(t, create(t, fsys, name, strings.Repeat(name, 5000)), "more")
	}
	describe := func(seed uint64) string {
		crashed, all := disk.Crash(rand.New(rand.NewPCG(seed, 0))), ""
		for _, name := range crashed.Names() {
			all += name + string(crashed.Read(name))
		}
		return all
	}
	for seed := range uint64(50) {
		require.Equal(t, describe(seed), describe(seed))
	}
	assert.NotEqual(t, describe(1), describe(2))
}

// The death of a process loses nothing, and syncs nothing.
func TestKill(t *testing.T) {
	disk, fsys := mounted(t)
	f := create(t, fsys, "a", "synced")
	require.NoError(t, f.Sync())
	require.NoError(t, fsys.Sync())
	add(t, f, " written")
	require.NoError(t, fsys.Rename("a", "b"))
	killed := disk.Kill()
	assert.Equal(t, []string{"b"}, killed.Names())
	assert.Equal(t, "synced written", string(killed.Read("b")))
	assert.ElementsMatch(t, []string{"a", "b"}, slices.Collect(maps.Keys(crashes(killed, names))))
	assert.Contains(t, crashes(killed, content("b")), "synced")

	next, err := killed.Mount()
	require.NoError(t, err, "the dead process holds no lock")
	require.NoError(t, next.Sync())
	assert.Equal(t, map[string]int{"b": 2000}, crashes(killed, names))
	assert.Contains(t, crashes(killed, content("b")), "synced")
}

// What happens to a clone does not happen to the disk, nor the other way round.
func TestClonesAreIndependent(t *testing.T) {
	disk, fsys := mounted(t)
	f := create(t, fsys, "a", "common")
	require.NoError(t, f.Sync())
	require.NoError(t, fsys.Sync())
	for _, clone := range []func() *filestest.Memory{
		disk.Kill,
		func() *filestest.Memory { return disk.Crash(rand.New(rand.NewPCG(1, 1))) },
	} {
		require.NoError(t, f.Sync())
		before, clone := string(disk.Read("a")), clone()
		add(t, f, " disk")
		assert.Equal(t, before, string(clone.Read("a")))
		clone.Edit("a", func(p []byte) []byte { return append(p, " clone"...) })
		other, err := clone.Mount()
		require.NoError(t, err)
		require.NoError(t, other.Rename("a", "b"))
		assert.Equal(t, before+" disk", string(disk.Read("a")))
		assert.Equal(t, before+" clone", string(clone.Read("b")))
	}
}

func TestEdit(t *testing.T) {
	disk, fsys := mounted(t)
	create(t, fsys, "a", "content")
	disk.Edit("a", func(p []byte) []byte { p[0] ^= 1; return p[:3] })
	assert.Equal(t, "bon", string(disk.Read("a")))
	disk.Edit("b", func(p []byte) []byte { assert.Empty(t, p); return []byte("new") })
	assert.Equal(t, []string{"a", "b"}, disk.Names())
	assert.Equal(t, map[string]int{"new": 2000}, crashes(disk, content("b")))
	assert.Nil(t, disk.Read("c"))
}

func TestMountIsExclusive(t *testing.T) {
	disk, fsys := mounted(t)
	_, err := disk.Mount()
	var locked *files.LockedError
	require.ErrorAs(t, err, &locked)
	require.NoError(t, fsys.Close())
	require.NoError(t, fsys.Close(), "again")
	again, err := disk.Mount()
	require.NoError(t, err)
	require.NoError(t, fsys.Close(), "of an old mount")
	_, err = disk.Mount()
	require.ErrorAs(t, err, &locked)
	require.NoError(t, again.Close())
}

func BenchmarkCrash(b *testing.B) {
	disk := filestest.NewMemory()
	fsys, err := disk.Mount()
	require.NoError(b, err)
	for _, name := range []string{"1.journal", "1.snapshot", "2.journal", "2.snapshot.tmp"} {
		f, err := fsys.Create(name)
		require.NoError(b, err)
		_, err = f.Write(make([]byte, 5000))
		require.NoError(b, err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	b.ReportAllocs()
	for b.Loop() {
		disk.Crash(rng)
	}
}
