package storage_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/storage"
	"github.com/otelusage/usageprocessor/internal/journal/storage/storagetest"
)

// life is a storage in use, and what should be in it.
type life struct {
	*storage.Storage
	store *storagetest.Store
	open  map[string]files.File // by the name at their creation
}

// step is an operation, and what it does to the model.
type step struct {
	do    func(*life) error
	model func(map[string]string)
}

func create(name string) step {
	return step{
		func(l *life) (err error) {
			l.open[name], err = l.Create(name)
			return err
		},
		func(m map[string]string) { m[name] = "" },
	}
}

func appendTo(name string, size int) step {
	p := strings.Repeat("x", size)
	return step{
		func(l *life) error {
			_, err := l.open[name].Write([]byte(p))
			return err
		},
		func(m map[string]string) { m[name] += p },
	}
}

func rename(from, to string) step {
	return step{
		func(l *life) error { return l.Rename(from, to) },
		func(m map[string]string) { m[to] = m[from]; delete(m, from) },
	}
}

func remove(name string) step {
	return step{
		func(l *life) error { return l.Remove(name) },
		func(m map[string]string) { delete(m, name) },
	}
}

func quarantine(name, to string) step {
	return step{
		func(l *life) error { _, err := l.Quarantine(name); return err },
		func(m map[string]string) { m[to] = m[name]; delete(m, name) },
	}
}

// story is what happens to a store.
type story struct {
	begun *storagetest.Store
	steps []step
}

// stories have every operation. The second one begins with two files that take
// several Batches to remove.
func stories(t *testing.T) []story {
	t.Helper()
	return []story{{storagetest.NewStore(), []step{
		create("1.journal"), appendTo("1.journal", 100), appendTo("1.journal", 5000), appendTo("1.journal", 100),
		create("1.tmp"), appendTo("1.tmp", 200_000), rename("1.tmp", "1.snapshot"),
		appendTo("1.journal", 4000), create("2.journal"), appendTo("2.journal", 10),
		quarantine("1.journal", "quarantine/1.journal"),
		create("2.tmp"), appendTo("2.tmp", 3), rename("2.tmp", "1.snapshot"),
		create("3.journal"), rename("3.journal", "1.journal"), quarantine("1.journal", "quarantine/1.journal.1"),
		appendTo("2.journal", 50), remove("2.journal"),
	}}, {beginning(t, 257), []step{
		remove("big"), create("4.journal"), rename("4.journal", "huge"),
	}}}
}

// beginning returns a store with two large files.
func beginning(t *testing.T, blocks int) *storagetest.Store {
	t.Helper()
	store := storagetest.NewStore()
	s := open(t, store)
	for _, name := range []string{"big", "huge"} {
		f, err := s.Create(name)
		require.NoError(t, err)
		for range blocks {
			_, err := f.Write(make([]byte, 4096))
			require.NoError(t, err)
		}
		require.NoError(t, f.Close())
	}
	require.NoError(t, s.Close())
	return store
}

// eachFault lets each Batch of the stories fail in a life of its own, and checks
// that it failed its step. Then it hands over what the step was to do.
func eachFault(t *testing.T, fault storagetest.Fault, check func(l *life, before, after map[string]string)) {
	t.Helper()
	points := 0
	for _, story := range stories(t) {
		for i := range story.steps {
			for nth := 1; story.failAt(t, i, nth, fault, check); nth++ {
				points++
			}
		}
	}
	t.Logf("%d fault points", points)
	require.Equal(t, 24, points, "of 22 steps two take two Batches")
}

// failAt tells the story until a Batch of a step fails, if it has so many.
func (s story) failAt(t *testing.T, at, nth int, fault storagetest.Fault, check func(l *life, before, after map[string]string)) bool {
	t.Helper()
	store := s.begun.Kill()
	l := &life{Storage: open(t, store), store: store, open: map[string]files.File{}}
	before := contents(t, l.Storage)
	for _, s := range s.steps[:at] {
		require.NoError(t, s.do(l))
		s.model(before)
	}
	after := maps.Clone(before)
	s.steps[at].model(after)
	fault.At = store.Count().Batches + nth
	store.SetFault(fault)
	err := s.steps[at].do(l)
	if store.Count().Batches < fault.At {
		require.NoError(t, err)
		return false
	}
	require.ErrorIs(t, err, storagetest.ErrFault, "step %d, batch %d", at, nth)
	check(l, before, after)
	return true
}

// either checks that a step happened or did not.
func either(t *testing.T, found, before, after map[string]string) {
	t.Helper()
	if !maps.Equal(found, before) {
		require.Equal(t, after, found)
	}
}

// A Batch fails once, with or without effect: its step happened or did not, and
// what comes after it works.
func TestEveryFault(t *testing.T) {
	for _, effect := range []bool{false, true} {
		eachFault(t, storagetest.Fault{Effect: effect}, func(l *life, before, after map[string]string) {
			require.NoError(t, write(l, "new", strings.Repeat("content", 10_000)), "the fault is over")
			require.NoError(t, write(l, "newer", "content"))
			require.NoError(t, l.Rename("new", "newest"))
			require.NoError(t, l.Remove("newest"))
			require.NoError(t, l.Remove("newer"))
			require.NoError(t, l.Sync())
			either(t, contents(t, l.Storage), before, after)
			require.NoError(t, l.Close())
			s := open(t, l.store)
			either(t, contents(t, s), before, after)
			require.NoError(t, s.Close())
			leavesNothing(t, l.store)
		})
	}
}

// While every Batch fails every operation does, even if the first one took
// effect. If the process dies then, what it left undone is done when the storage
// is opened.
func TestEveryFaultForGood(t *testing.T) {
	for _, effect := range []bool{false, true} {
		eachFault(t, storagetest.Fault{Effect: effect, Sticky: true}, func(l *life, before, after map[string]string) {
			require.ErrorIs(t, write(l, "new", ""), storagetest.ErrFault)
			require.ErrorIs(t, l.Rename("new", "newer"), storagetest.ErrFault)
			require.ErrorIs(t, l.Remove("new"), storagetest.ErrFault)
			_, err := l.Quarantine("new")
			require.ErrorIs(t, err, storagetest.ErrFault)
			_, err = l.List()
			require.ErrorIs(t, err, storagetest.ErrFault)
			require.ErrorIs(t, l.Sync(), storagetest.ErrFault)

			killed := l.store.Kill()
			s := open(t, killed)
			either(t, contents(t, s), before, after)
			require.NoError(t, s.Close())
			leavesNothing(t, killed)

			l.store.SetFault(storagetest.Fault{})
			either(t, contents(t, l.Storage), before, after)
		})
	}
}

// A process that dies again and again while it finishes a removal finishes it.
func TestDeathsWhileOpening(t *testing.T) {
	store := beginning(t, 1000).Kill()
	s := open(t, store)
	for lives := 0; ; lives++ {
		// Each life reads the manifest and deletes once.
		store.SetFault(storagetest.Fault{At: 3, Sticky: true})
		keys := len(store.Keys())
		err := errors.New("not opened")
		if lives == 0 {
			err = s.Remove("huge")
		} else if client, clientErr := store.Client(); assert.NoError(t, clientErr) {
			_, err = storage.Open(t.Context(), client)
		}
		assert.Less(t, len(store.Keys()), keys)
		if err == nil {
			assert.Equal(t, 3, lives)
			break
		}
		require.ErrorIs(t, err, storagetest.ErrFault)
		store = store.Kill()
	}
	leavesNothing(t, store.Kill())
}

// A file that could not be written is not written to any more; others are.
func TestDeadFile(t *testing.T) {
	for _, effect := range []bool{false, true} {
		store := storagetest.NewStore()
		s := using(t, store)
		a, err := s.Create("a")
		require.NoError(t, err)
		b, err := s.Create("b")
		require.NoError(t, err)
		store.SetFault(storagetest.Fault{At: store.Count().Batches + 1, Effect: effect})
		_, err = a.Write([]byte("a"))
		require.ErrorIs(t, err, storagetest.ErrFault)
		_, err = a.Write([]byte("a"))
		require.ErrorIs(t, err, storagetest.ErrFault, "though the storage is back")
		require.ErrorIs(t, a.Sync(), storagetest.ErrFault)
		require.NoError(t, a.Close())
		_, err = b.Write([]byte("b"))
		require.NoError(t, err)
		require.NoError(t, b.Sync())
		want := map[string]string{"a": "", "b": "b"}
		if effect {
			want["a"] = "a"
		}
		assert.Equal(t, want, contents(t, s))
	}
}

// A storage that went back to an earlier state is noticed by whoever writes to
// a file, as soon as it is read again.
func TestTurnedBack(t *testing.T) {
	store := storagetest.NewStore()
	s := using(t, store)
	f, err := s.Create("a")
	require.NoError(t, err)
	earlier := store.Kill()
	_, err = f.Write([]byte("content"))
	require.NoError(t, err)
	store.SetFault(storagetest.Fault{At: store.Count().Batches + 1})
	require.ErrorIs(t, s.Remove("a"), storagetest.ErrFault)
	for _, key := range store.Keys() {
		store.Edit(key, func([]byte) []byte { return earlier.Value(key) })
	}
	_, err = f.Write([]byte("more"))
	require.EqualError(t, err, "write `a`: the storage does not hold what was written to it")
}
