package usageprocessor

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/otelusage/usageprocessor/internal/journal/storage/storagetest"
	"github.com/otelusage/usageprocessor/internal/meter"
)

// manager is an extension that knows the meters which are open.
type manager struct {
	nopExtension
	meters map[component.ID]*meter.Meter
}

func (m *manager) Register(id component.ID, open *meter.Meter) (unregister func()) {
	m.meters[id] = open
	return func() { delete(m.meters, id) }
}

var managerID = component.MustNewID("usage")

// managed starts instances on a host with an extension, and returns their meter.
func (r *rig) managed(host hostWith, instances ...component.Component) *meter.Meter {
	r.t.Helper()
	m := &manager{meters: map[component.ID]*meter.Meter{}}
	host[managerID] = m
	for _, i := range instances {
		require.NoError(r.t, i.Start(r.t.Context(), host))
	}
	require.Len(r.t, m.meters, 1)
	r.t.Cleanup(func() { assert.Empty(r.t, m.meters) })
	return m.meters[r.settings.ID]
}

func set[T any](value T) *T { return &value }

// A-F6: a directory that is configured and not enabled can be enabled at run time, for
// all instances at once; it is what a process that starts there finds.
func TestEnabledAtRunTime_A_F6_A_R4(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := newRig(t, "later", func(c *Config) {
			c.Persistence.Directory = dir
			c.Persistence.Interval = 10 * time.Second
		})
		in, second := r.traces(r.next), r.traces(r.next)
		x := newExit(r)
		m := r.managed(hostWith{}, in, second)
		x.start()
		var ids spanIDs
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 2)))
		pass(time.Minute)
		assert.Zero(t, r.flushes())
		assert.Empty(t, filesIn(t, dir))

		require.NoError(t, m.ReconfigurePersistence(t.Context(), meter.PersistenceChange{Enabled: set(true), FilePath: set("team"), Interval: set(20 * time.Second)}))
		assert.Equal(t, filepath.Join(dir, "team"), m.Status().Persistence.Path)
		synctest.Wait() // the second snapshot, which is owed to a new place, comes at once
		before := r.flushes()
		require.NoError(t, second.ConsumeTraces(t.Context(), ids.served("/a", 3)))
		pass(time.Minute)
		assert.Equal(t, before+3, r.flushes(), "one flush an interval")
		for _, text := range []string{"enabled: false -> true", `file-path: "" -> "team"`, "interval-seconds: 10 -> 20"} {
			assert.Equal(t, 1, r.logs.FilterMessage("usage-persistence."+text).Len(), text)
		}
		r.shutdown(in, second)
		x.stop()
		assert.Equal(t, 5, x.seen().served("/a"))

		again := newRig(t, "later", keptIn(filepath.Join(dir, "team"), durabilityWrite))
		assert.Equal(t, 5, again.stored().served("/a"))
	})
}

// What is kept in a storage extension can be switched off and on, but not moved.
func TestStorageAtRunTime_A_R16(t *testing.T) {
	r := newRig(t, "stored", inFileStorage(durabilityWrite))
	ext := storagetest.FileStorage(t, t.TempDir(), true)
	host := hostWith{fileStorageID: ext}
	in := r.traces(r.next)
	m := r.managed(host, in)
	change := func(c meter.PersistenceChange) error { return m.ReconfigurePersistence(t.Context(), c) }
	var ids spanIDs
	consume := func() { require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 1))) }

	require.ErrorIs(t, change(meter.PersistenceChange{FilePath: set("team")}), meter.ErrInput)
	assert.Equal(t, "file_storage", m.Status().Persistence.Path)
	consume()
	require.NoError(t, change(meter.PersistenceChange{Enabled: set(false)}))
	consume()
	require.NoError(t, change(meter.PersistenceChange{Enabled: set(true)}))
	consume()
	r.shutdown(in)

	again := newRig(t, "stored", inFileStorage(durabilityWrite))
	in = again.traces(again.next)
	m = again.managed(host, in)
	assert.Equal(t, int64(3), m.Status().Ledgers.Counted())
	assert.Equal(t, uint64(2), m.Status().Epoch)
	again.shutdown(in)
	require.NoError(t, ext.Shutdown(t.Context()))
}
