package filestest_test

import (
	"errors"
	"io"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// A Faulty that does not fail is like what it wraps.
func TestFaulty(t *testing.T) {
	filestest.Run(t, func(*testing.T) filestest.Place {
		place := filestest.InMemory()
		return func() (files.FS, error) {
			fsys, err := place()
			if err != nil {
				return nil, err
			}
			return filestest.New(fsys), nil
		}
	})
}

// outcome is what came of an operation that was to fail.
type outcome struct {
	failed bool
	took   bool // it took effect
	half   bool // of a write
}

// try lets each operation on files fail, on a disk of its own.
func try(t *testing.T, mode filestest.Mode, errno error) map[string]outcome {
	t.Helper()
	found := map[string]outcome{}
	attempt := func(name string, do func(fsys *filestest.Faulty, f files.File, r io.Reader) error, took func(*filestest.Memory) bool) {
		disk, fsys := mounted(t)
		for _, name := range []string{"a", "b", "c"} {
			require.NoError(t, create(t, fsys, name, name).Close())
		}
		faulty := filestest.New(fsys)
		faulty.SetMode(mode)
		f := create(t, faulty, "open", "")
		r, err := faulty.Open("a")
		require.NoError(t, err)
		faulty.FailNow(false)
		err = do(faulty, f, r)
		if err != nil {
			require.ErrorIs(t, err, filestest.ErrFault, name)
			require.ErrorIs(t, err, errno, name)
		}
		found[name] = outcome{failed: err != nil, took: took(disk), half: string(disk.Read("open")) == "half"}
	}
	never := func(*filestest.Memory) bool { return false }
	attempt("list", func(fsys *filestest.Faulty, _ files.File, _ io.Reader) error { _, err := fsys.List(); return err }, never)
	attempt("open", func(fsys *filestest.Faulty, _ files.File, _ io.Reader) error { _, err := fsys.Open("a"); return err }, never)
	attempt("read", func(_ *filestest.Faulty, _ files.File, r io.Reader) error { _, err := io.ReadAll(r); return err }, never)
	attempt("create", func(fsys *filestest.Faulty, _ files.File, _ io.Reader) error {
		_, err := fsys.Create("new")
		return err
	},
		func(m *filestest.Memory) bool { return m.Read("new") != nil })
	attempt("write", func(_ *filestest.Faulty, f files.File, _ io.Reader) error {
		_, err := f.Write([]byte("halffull"))
		return err
	},
		func(m *filestest.Memory) bool { return string(m.Read("open")) == "halffull" })
	attempt("sync a file", func(_ *filestest.Faulty, f files.File, _ io.Reader) error { return f.Sync() }, never)
	attempt("close a file", func(_ *filestest.Faulty, f files.File, _ io.Reader) error { return f.Close() }, never)
	attempt("rename", func(fsys *filestest.Faulty, _ files.File, _ io.Reader) error { return fsys.Rename("a", "new") },
		func(m *filestest.Memory) bool { return m.Read("new") != nil })
	attempt("remove", func(fsys *filestest.Faulty, _ files.File, _ io.Reader) error { return fsys.Remove("b") },
		func(m *filestest.Memory) bool { return m.Read("b") == nil })
	attempt("quarantine", func(fsys *filestest.Faulty, _ files.File, _ io.Reader) error {
		_, err := fsys.Quarantine("c")
		return err
	},
		func(m *filestest.Memory) bool { return m.Read("c") == nil })
	attempt("sync", func(fsys *filestest.Faulty, _ files.File, _ io.Reader) error { return fsys.Sync() },
		func(m *filestest.Memory) bool { return len(crashes(m, names)) == 1 })
	return found
}

func TestModes(t *testing.T) {
	failed, done := outcome{failed: true}, outcome{took: true}
	for _, tt := range []struct {
		mode  filestest.Mode
		errno error
		want  map[string]outcome
	}{
		{filestest.Refuse, filestest.ErrFault, map[string]outcome{
			"list": failed, "open": failed, "read": failed, "create": failed, "write": {failed: true, half: true}, "sync a file": failed,
			"close a file": failed, "rename": failed, "remove": failed, "quarantine": failed, "sync": failed,
		}},
		{filestest.Full, syscall.ENOSPC, map[string]outcome{
			"list": {}, "open": {}, "read": {}, "create": failed, "write": {failed: true, half: true}, "sync a file": failed,
			"close a file": {}, "rename": failed, "remove": done, "quarantine": failed, "sync": failed,
		}},
		{filestest.BadSync, syscall.EIO, map[string]outcome{
			"list": {}, "open": {}, "read": {}, "create": done, "write": done, "sync a file": failed,
			"close a file": {}, "rename": done, "remove": done, "quarantine": done, "sync": failed,
		}},
		{filestest.BadRead, syscall.EIO, map[string]outcome{
			"list": {}, "open": {}, "read": failed, "create": done, "write": done, "sync a file": {},
			"close a file": {}, "rename": done, "remove": done, "quarantine": done, "sync": done,
		}},
		{filestest.Deceive, filestest.ErrFault, map[string]outcome{
			"list": failed, "open": failed, "read": failed, "create": {failed: true, took: true}, "write": {failed: true, took: true},
			"sync a file": failed, "close a file": failed, "rename": {failed: true, took: true}, "remove": {failed: true, took: true},
			"quarantine": {failed: true, took: true}, "sync": {failed: true, took: true},
		}},
	} {
		assert.Equal(t, tt.want, try(t, tt.mode, tt.errno), "mode %d", tt.mode)
	}
}

// The operation that was told to fail may be one that cannot in a mode: then the
// next one that can does.
func TestFailAt(t *testing.T) {
	for _, sticky := range []bool{false, true} {
		_, fsys := mounted(t)
		f := filestest.New(fsys)
		f.SetMode(filestest.BadSync)
		f.FailAt(2, sticky)
		require.NoError(t, f.Sync())
		_, err := f.List()
		require.NoError(t, err)
		require.ErrorIs(t, f.Sync(), filestest.ErrFault)
		assert.Equal(t, sticky, errors.Is(f.Sync(), filestest.ErrFault))
		f.Heal()
		require.NoError(t, f.Sync())
		assert.Equal(t, 5, f.Ops())
		assert.Zero(t, f.Syncs(), "of files")
		file := create(t, f, "a", "content")
		require.NoError(t, file.Sync())
		f.FailAt(f.Ops()+1, sticky)
		require.ErrorIs(t, file.Sync(), filestest.ErrFault)
		assert.Equal(t, 1, f.Syncs())
	}
}
