package meter

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// notedFS tells of each change of the note that says whether a place was left.
type notedFS struct {
	files.FS
	before, after func(name string)
}

func (f notedFS) Create(name string) (files.File, error) {
	if name == leftName {
		f.before(name)
	}
	return f.FS.Create(name)
}

func (f notedFS) Rename(from, to string) error {
	f.before(to)
	err := f.FS.Rename(from, to)
	f.after(to)
	return err
}

// around lets what is opened be another file system.
func around(wrap func(files.FS) files.FS) func(*Options) {
	return func(o *Options) {
		open := o.Persistence.Open
		o.Persistence.Open = func(owner string) (files.FS, error) {
			fs, err := open(owner)
			if err != nil {
				return nil, err
			}
			return wrap(fs), nil
		}
	}
}

// I1, I3, I4: whoever is started where a process died in the last steps of a move goes on
// with no series that has less than was acknowledged, and maybe exported.
func TestKilledAtTheEndOfAMove_I1_I3_I4(t *testing.T) {
	for name, tt := range map[string]struct {
		before string // the change of this note
		after  string
		moves  []string
	}{
		"before the old place is left":      {before: leftName, moves: []string{"a"}},
		"after the old place was left":      {after: leftName, moves: []string{"a"}},
		"before the new place is one again": {before: keptName, moves: []string{"a", ""}},
		"after the new place is one again":  {after: keptName, moves: []string{"a", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, copied := t.TempDir(), filepath.Join(t.TempDir(), "copy")
			var v *mover
			die := func(at string) func(string) {
				return func(name string) {
					if name != at || v == nil {
						return
					}
					v.serve(0, 2)
					require.NoError(t, v.flush()) // as an export between its parts
					require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
				}
			}
			v = newMover(t, dir, around(func(fs files.FS) files.FS { return notedFS{fs, die(tt.before), die(tt.after)} }))
			v.serve(0, 2)
			for _, place := range tt.moves {
				v.path(place)
				v.serve(0, 2)
			}
			acknowledged, _ := requestsIn(v.View())
			v.close()
			w := newMover(t, copied)
			has, _ := requestsIn(w.View())
			w.close()
			// What was served after the copy is not in it.
			assert.Contains(t, []int64{0, acknowledged - 2}, has, "the same series, or new ones")
		})
	}
}

// A-R2, I4: a disk without room can be left: nobody goes on counting there.
func TestLeaveFullDisk_A_R2_I4(t *testing.T) {
	for name, leave := range map[string]PersistenceChange{"disable": {Enabled: to(false)}, "elsewhere": {FilePath: to("a")}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var full *fullFS
			v := newMover(t, dir, around(func(fs files.FS) files.FS {
				full = &fullFS{FS: fs}
				return full
			}))
			v.serve(0, 2)
			require.NoError(t, v.flush())
			full.full.Store(true)
			v.change(leave)
			assert.Empty(t, v.Status().Persistence.LastError)
			v.serve(0, 2)
			v.export(v.exit(consumertest.NewNop()))
			v.close()
			w := newMover(t, dir)
			live, retired := requestsIn(w.View())
			assert.Equal(t, []int64{0, 2}, []int64{live, retired}, "all series begin anew")
			w.close()
		})
	}
}

// A place that cannot even be left is no secret.
func TestLeaveBrokenDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newMover(t, t.TempDir())
		v.serve(0, 2)
		v.disks[""].FailNow(true)
		v.path("a")
		time.Sleep(time.Minute)
		assert.Contains(t, v.Status().Persistence.LastError, "the place that was left")
		v.total(2)
		v.close()
	})
}

// Who took a store just before it was left asks the next one: nothing has failed.
func TestFlushMeetsAChange(t *testing.T) {
	v := newMover(t, t.TempDir())
	v.serve(0, 2)
	s := v.store()
	v.disable()
	require.Error(t, s.flush())
	assert.Empty(t, v.Status().Persistence.LastError)
	assert.False(t, v.failing())
	v.close()
}

// damageNewest damages the newest snapshot of a place.
func damageNewest(t *testing.T, dir string) {
	t.Helper()
	var newest string
	for path := range content(t, dir) {
		if filepath.Ext(path) == ".snapshot" && filepath.Dir(path) == dir {
			newest = max(newest, path)
		}
	}
	data, err := os.ReadFile(newest)
	require.NoError(t, err)
	data[len(data)/2] ^= 0xff
	require.NoError(t, os.WriteFile(newest, data, 0o600))
}

// I1, I3: what is in no journal is in two snapshots: either may be damaged.
func TestDamagedSnapshotAfterChanges_I1_I3(t *testing.T) {
	for name, tt := range map[string]struct {
		place  string
		before func(*Options)
		change func(t *testing.T, v *mover)
		more   int64 // that is counted then
	}{
		"move":   {"a", func(*Options) {}, func(_ *testing.T, v *mover) { v.path("a") }, 0},
		"enable": {"", disabled, func(_ *testing.T, v *mover) { v.enable() }, 0},
		"takeover": {"a", func(*Options) {}, func(t *testing.T, v *mover) {
			other := newMover(t, filepath.Join(v.dir, "a"))
			other.serve(0, 3)
			other.close()
			v.path("a")
		}, 3},
		"import": {"", func(*Options) {}, func(t *testing.T, v *mover) {
			other := newMover(t, t.TempDir(), disabled)
			other.serve(0, 4)
			_, err := v.Import(written(t, other.Meter))
			require.NoError(t, err)
			other.close()
		}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newMover(t, t.TempDir(), tt.before)
				for range 4 {
					v.serve(0, 2)
					time.Sleep(time.Hour)
				}
				synctest.Wait()
				tt.change(t, v)
				synctest.Wait() // at once
				v.serve(0, 2)
				want, dated, dir := v.served+tt.more, datedIn(t, v.View()), filepath.Join(v.dir, tt.place)
				v.close()
				damageNewest(t, dir)
				w := newMover(t, dir)
				w.total(want)
				assert.Equal(t, dated, datedIn(t, w.View()))
				w.close()
			})
		})
	}
}
