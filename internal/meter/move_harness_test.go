package meter

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// mover is a meter with real directories, whose place changes at run time.
type mover struct {
	*Meter
	t         *testing.T
	dir       string // the configured one
	disks     map[string]*filestest.Faulty
	prepare   func(*filestest.Faulty) // a disk before it is used
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	served    int64 // by this process
}

func newMover(t *testing.T, dir string, change ...func(*Options)) *mover {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	v := &mover{t: t, dir: dir, disks: map[string]*filestest.Faulty{}, telemetry: componenttest.NewTelemetry(), logs: logs}
	o := options(Write, nil)
	p := o.Persistence
	p.Place, p.Path = "the directory", dir
	p.Open = v.disk(func(_, owner string) (files.FS, error) { return files.Open(dir, owner) }, "")
	p.Check = func(name string) error { return files.CheckBelow(dir, name) }
	p.OpenBelow = func(name, owner string) (files.FS, error) {
		return v.disk(func(name, owner string) (files.FS, error) { return files.OpenBelow(dir, name, owner) }, name)(owner)
	}
	for _, f := range change {
		f(&o)
	}
	var err error
	v.Meter, err = Open(settings(v.telemetry, zap.New(core)), o)
	require.NoError(t, err)
	return v
}

func disabled(o *Options) { o.Persistence.Enabled = false }

// disk makes what is opened fail when the test says so.
func (v *mover) disk(open func(name, owner string) (files.FS, error), name string) func(string) (files.FS, error) {
	return func(owner string) (files.FS, error) {
		fsys, err := open(name, owner)
		if err != nil {
			return nil, err
		}
		v.disks[name] = filestest.New(fsys)
		if v.prepare != nil {
			v.prepare(v.disks[name])
		}
		return v.disks[name], nil
	}
}

func (v *mover) close() {
	v.t.Helper()
	require.NoError(v.t, v.Close())
	require.NoError(v.t, v.telemetry.Shutdown(context.Background()))
}

func (v *mover) change(c PersistenceChange) {
	v.t.Helper()
	require.NoError(v.t, v.ReconfigurePersistence(v.t.Context(), c))
}

func (v *mover) enable()          { v.t.Helper(); v.change(PersistenceChange{Enabled: to(true)}) }
func (v *mover) disable()         { v.t.Helper(); v.change(PersistenceChange{Enabled: to(false)}) }
func (v *mover) path(name string) { v.t.Helper(); v.change(PersistenceChange{FilePath: to(name)}) }

func to[T any](value T) *T { return &value }

// serve counts requests to routes.
func (v *mover) serve(from, end int) {
	v.t.Helper()
	require.NoError(v.t, v.Traces(v.t.Context(), routed(from, end), consumertest.NewNop()))
	v.served += int64(end - from)
}

// exit takes an exit in that exports when the test says so.
func (v *mover) exit(next consumer.Metrics) *Exit {
	x := &Exit{meter: v.Meter, next: next}
	v.outbox.join(x, "metrics")
	return x
}

func (v *mover) export(x *Exit) {
	v.t.Helper()
	require.NoError(v.t, v.outbox.deliver(v.t.Context(), x, false))
}

// requests is how many are in series and retired rows.
func requestsIn(view *View) (live, retired int64) {
	view.Live(func(r *usage.Row) bool {
		live += r.Requests[usage.Success]
		return true
	})
	view.Retired(func(r *usage.Retired) bool {
		retired += r.Requests[usage.Success]
		return true
	})
	return live, retired
}

// dated is how many requests history has by hour.
func datedIn(t *testing.T, view *View) (n int64) {
	t.Helper()
	require.NoError(t, view.History(usage.Hourly, 0, 0, func(_ usage.Period, r *usage.HistoryRow) error {
		n += r.Requests[usage.Success]
		return nil
	}))
	return n
}

// total checks that nothing was lost, and that history fits.
func (v *mover) total(want int64) {
	v.t.Helper()
	live, retired := requestsIn(v.View())
	assert.Equal(v.t, want, live+retired, "live and retired")
	wrong, err := imbalances(v.engine, v.files())
	require.NoError(v.t, err)
	assert.Empty(v.t, wrong)
}

// killed is what a place holds if the process dies now.
func (v *mover) killed(name string) *State {
	v.t.Helper()
	copied := filepath.Join(v.t.TempDir(), "state")
	v.keeping.writing.Lock()
	defer v.keeping.writing.Unlock()
	require.NoError(v.t, os.CopyFS(copied, os.DirFS(filepath.Join(v.dir, name))))
	return v.stored(copied)
}

// stored reads a state without changing it.
func (v *mover) stored(dir string) *State {
	v.t.Helper()
	s, err := OpenState(dir)
	require.NoError(v.t, err)
	v.t.Cleanup(func() { assert.NoError(v.t, s.Close()) })
	require.NoError(v.t, s.Damage())
	wrong, err := s.Check()
	require.NoError(v.t, err)
	assert.Empty(v.t, wrong)
	return s
}

func (v *mover) storedRequests(name string) int64 {
	v.t.Helper()
	live, retired := requestsIn(v.killed(name).View())
	return live + retired
}

// content is what is in all files of a directory, by name.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		info, _ := d.Info()
		found[path] = info.ModTime().Format(time.RFC3339Nano) + string(data)
		return err
	}))
	return found
}

// states are the directories that hold a snapshot.
func states(t *testing.T, dir string) []string {
	t.Helper()
	found := map[string]bool{}
	for path := range content(t, dir) {
		if strings.HasSuffix(path, ".snapshot") {
			name, err := filepath.Rel(dir, filepath.Dir(path))
			require.NoError(t, err)
			found[name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
