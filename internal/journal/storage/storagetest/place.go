package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension"
	xstorage "go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/journal/storage"
)

// InMemory is a place in a store of its own.
func InMemory() filestest.Place { return NewStore().Open }

// Open opens the store as a place for files.
func (s *Store) Open() (files.FS, error) { return open(s.Client()) }

// InFileStorage is a place in the extension file_storage.
func InFileStorage(t testing.TB, fsync bool) filestest.Place {
	t.Helper()
	ext := FileStorage(t, t.TempDir(), fsync)
	return func() (files.FS, error) { return open(Client(ext)) }
}

func open(client xstorage.Client, err error) (files.FS, error) {
	if err != nil {
		return nil, err
	}
	s, err := storage.Open(context.Background(), client)
	if err != nil {
		return nil, errors.Join(err, client.Close(context.Background()))
	}
	return s, nil
}

// FileStorage returns the extension file_storage, started.
func FileStorage(t testing.TB, dir string, fsync bool) xstorage.Extension {
	t.Helper()
	factory := filestorage.NewFactory()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory, config.FSync = dir, fsync
	// How long a second client waits for the first.
	config.Timeout = 10 * time.Millisecond
	settings := extension.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: componenttest.NewNopTelemetrySettings()}
	ext, err := factory.Create(context.Background(), settings, config)
	require.NoError(t, err)
	require.NoError(t, ext.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, ext.Shutdown(context.Background())) })
	return ext.(xstorage.Extension)
}

// Client returns the client that a processor called `usage` gets.
func Client(ext xstorage.Extension) (xstorage.Client, error) {
	return ext.GetClient(context.Background(), component.KindProcessor, component.MustNewID("usage"), "journal")
}
