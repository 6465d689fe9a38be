package meter

import (
	"io/fs"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Files that were dropped when persistence was disabled have rows of what was reset since:
// they stay away.
func TestResetWhileDisabledStaysSo(t *testing.T) {
	for name, tt := range map[string]struct {
		scope usage.Scope
		live  int64
	}{
		"everything":        {usage.Scope{}, 0},
		"a service":         {usage.Scope{Attribute: "usage.service", Value: "unknown"}, 0},
		"what is not known": {usage.Scope{Attribute: "usage.endpoint", Value: "GET /nowhere"}, 8},
		"what nobody has":   {usage.Scope{Attribute: "tenant", Value: "a"}, 8},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newMover(t, t.TempDir())
				for range 4 {
					v.serve(0, 2)
					time.Sleep(time.Hour)
				}
				synctest.Wait()
				v.disable()
				_, err := v.Reset(tt.scope)
				require.NoError(t, err)
				reset := time.Now()
				v.serve(0, 20) // more than is in the files
				time.Sleep(60 * time.Hour)
				synctest.Wait()
				v.enable()
				for _, g := range []usage.Granularity{usage.Hourly, usage.Daily} {
					require.NoError(t, v.View().History(g, 0, reset.Add(-2*time.Hour).Unix(), func(p usage.Period, r *usage.HistoryRow) error {
						assert.Fail(t, "history from before the reset", "%v %v", p, r.Values)
						return nil
					}))
				}
				v.total(20 + tt.live)
				v.close()
			})
		})
	}
}

// No two places of a process give files of history the same number: who still has a list
// of one takes nothing of the other for it, and nothing whole for damaged.
func TestNumbersOfPlacesDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newMover(t, t.TempDir())
		for range 4 {
			v.serve(0, 2)
			time.Sleep(time.Hour)
		}
		synctest.Wait()
		list, view := v.engine.History(), v.View()
		require.NotEmpty(t, list.Files)
		v.disable()
		v.change(PersistenceChange{Enabled: to(true), FilePath: to("a")})
		v.serve(0, 2)
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		now := v.engine.History().Files
		require.NotEmpty(t, now)
		assert.NotContains(t, numbersOf(now), list.Files[0].Number)
		b := &bucket{Period: list.Files[0].Period, list: &list, files: list.Files[:1]}
		require.ErrorIs(t, view.visit(b, func(usage.Period, *usage.HistoryRow) error { return nil }), errMoved)
		assert.Equal(t, now, v.engine.History().Files)
		v.close()
	})
}

// A file that is not the one any more that was found damaged stays where it is.
func TestOnlyTheDamagedFileIsSetAside(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*usage.HistoryFile)
		stays  bool
	}{
		"the same":         {func(*usage.HistoryFile) {}, false},
		"of another hour":  {func(f *usage.HistoryFile) { f.Start -= 3600 }, true},
		"with other rows":  {func(f *usage.HistoryFile) { f.Rows++ }, true},
		"of other content": {func(f *usage.HistoryFile) { f.Sums[usage.Endpoint].Hits++ }, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newMover(t, t.TempDir())
				v.serve(0, 2)
				time.Sleep(3 * time.Hour)
				synctest.Wait()
				files := v.engine.History().Files
				require.Len(t, files, 1)
				read := files[0]
				tt.change(&read)
				damaged := &journal.CorruptError{File: journal.HistoryName(read.Number)}
				require.ErrorIs(t, v.noteDamage(&read, damaged), damaged)
				assert.Len(t, v.engine.History().Files, map[bool]int{true: 1}[tt.stays])
				v.close()
			})
		})
	}
}

// An error of whoever reads history is none of the file.
func TestReadersErrorIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newMover(t, t.TempDir())
		v.serve(0, 2)
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		list := v.engine.History()
		b := &bucket{list: &list}
		calls := 0
		err := v.View().read(b, &list.Files[0], func(*usage.HistoryRow) error {
			calls++
			return fs.ErrNotExist
		})
		require.ErrorIs(t, err, fs.ErrNotExist)
		assert.Equal(t, 1, calls)
		v.close()
	})
}

// What is set back to what is configured is not overridden any more.
func TestOverriddenIsWhatDiffers(t *testing.T) {
	v := newMover(t, t.TempDir())
	interval := v.Status().Persistence.Interval
	for _, tt := range []struct {
		change PersistenceChange
		keys   []string
	}{
		{PersistenceChange{Interval: to(time.Minute)}, []string{"interval-seconds"}},
		{PersistenceChange{FilePath: to("a"), Enabled: to(false)}, []string{"enabled", "file-path", "interval-seconds"}},
		{PersistenceChange{Interval: &interval}, []string{"enabled", "file-path"}},
		{PersistenceChange{Enabled: to(true)}, []string{"file-path"}},
		{PersistenceChange{FilePath: to("")}, nil},
	} {
		v.change(tt.change)
		assert.ElementsMatch(t, tt.keys, v.Status().Persistence.Overridden)
	}
	v.close()
}
