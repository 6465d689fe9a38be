package usageprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelusage/usageprocessor/internal/journal/storage/storagetest"
)

// hostWith is a host that has these extensions.
type hostWith map[component.ID]component.Component

func (h hostWith) GetExtensions() map[component.ID]component.Component { return h }

var fileStorageID = component.MustNewID("file_storage")

// inFileStorage keeps a rig's state in an extension.
func inFileStorage(durability string) func(*Config) {
	return func(c *Config) {
		c.Persistence.Enabled, c.Persistence.Storage, c.Persistence.Durability = true, &fileStorageID, durability
	}
}

// State in a storage extension survives restarts of both, and the client is
// let go of: two runs can open it one after the other.
func TestStorageExtensionKeepsState(t *testing.T) {
	for _, durability := range []string{durabilityInterval, durabilityWrite, durabilitySync} {
		t.Run(durability, func(t *testing.T) {
			dir := t.TempDir()
			var ids spanIDs
			resent := ids.served("/a", 3)
			for run := range 3 {
				r := newRig(t, "stored", inFileStorage(durability))
				ext := storagetest.FileStorage(t, dir, true)
				host := hostWith{fileStorageID: ext}
				x, in := newExit(r), r.traces(r.next)
				require.NoError(t, in.Start(t.Context(), host))
				require.NoError(t, x.Start(t.Context(), host))
				require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 2)))
				require.NoError(t, in.ConsumeTraces(t.Context(), resent))
				r.shutdown(in)
				x.setRunning(true)
				x.stop()
				assert.Equal(t, 3+2*(run+1), x.seen().served("/a"))
				assert.Empty(t, r.warnings())
				require.NoError(t, ext.Shutdown(t.Context()))
			}
		})
	}
}

func TestStorageExtensionIsChecked(t *testing.T) {
	other := component.MustNewID("health_check")
	for _, tt := range []struct {
		name       string
		durability string
		fsync      bool
		storage    component.ID
		want       string // part of the error
		warning    string
	}{
		{"as it should be", durabilitySync, true, fileStorageID, "", ""},
		{"not there", durabilityWrite, true, component.MustNewID("redis"), "`persistence.storage` is `redis`, which is none of the extensions under `service.extensions`", ""},
		{"no storage", durabilityWrite, true, other, "`persistence.storage` is `health_check`, which is no storage extension", ""},
		{"does not sync", durabilityWrite, false, fileStorageID, "", "does not sync what it writes"},
		{"does not sync for sync", durabilitySync, false, fileStorageID, "`persistence.durability` is `sync`, but `file_storage` does not sync what it writes: set its `fsync: true`", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, "stored", inFileStorage(tt.durability), func(c *Config) { c.Persistence.Storage = &tt.storage })
			ext := storagetest.FileStorage(t, t.TempDir(), tt.fsync)
			host := hostWith{fileStorageID: ext, other: nopExtension{}}
			in, second := r.traces(consumertest.NewNop()), r.traces(consumertest.NewNop())
			err := in.Start(t.Context(), host)
			if tt.want == "" {
				require.NoError(t, err)
				require.NoError(t, second.Start(t.Context(), host))
			} else {
				require.ErrorContains(t, err, tt.want)
			}
			warnings := r.logs.FilterMessageSnippet("loss of power").Len()
			assert.Equal(t, tt.warning != "", warnings == 1, "%v", r.warnings())
			r.shutdown(in, second)
			require.NoError(t, ext.Shutdown(t.Context()))
		})
	}
}

// nopExtension is an extension that keeps nothing.
type nopExtension struct {
	component.StartFunc
	component.ShutdownFunc
}

// silent is a storage extension that does not say whether it syncs.
type silent struct{ nopExtension }

func (silent) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return storage.NewNopClient(), nil
}

func TestSyncsWrites(t *testing.T) {
	for _, fsync := range []bool{true, false} {
		ext := storagetest.FileStorage(t, t.TempDir(), fsync)
		syncs, known := syncsWrites(ext)
		assert.True(t, known, "file_storage has moved its setting: look for it again")
		assert.Equal(t, fsync, syncs)
		require.NoError(t, ext.Shutdown(t.Context()))
	}
	_, known := syncsWrites(silent{})
	assert.False(t, known)
	_, known = syncsWrites(&silent{})
	assert.False(t, known)
}
