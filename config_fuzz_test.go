package usageprocessor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"golang.org/x/tools/txtar"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/metadata"
	"github.com/otelusage/usageprocessor/internal/meter"
)

// FuzzConfig reads anything as a configuration: nothing panics, and what is valid
// can be started with. The seeds are the configurations of TestConfig.
func FuzzConfig(f *testing.F) {
	stored, err := filepath.Glob(filepath.Join("testdata", "config", "*.test"))
	require.NoError(f, err)
	require.NotEmpty(f, stored)
	for _, name := range stored {
		content, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(string(txtar.Parse(content).Files[0].Data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		config, err := loadConfig(text)
		if err != nil {
			return
		}
		// Files, and the families that they would define, are not there:
		// dialects_test.go is about them.
		config.Dialects.Files, config.Dialects.Signals, config.Pricing.File = nil, nil, ""
		set := meter.Settings{ID: component.NewID(metadata.Type), Telemetry: componenttest.NewNopTelemetrySettings(), Host: componenttest.NewNopHost()}
		options, err := config.options(set)
		require.NoError(t, err)
		if options.Persistence != nil {
			// Wherever it is to be, it is nowhere here.
			fsys, err := filestest.NewMemory().Mount()
			require.NoError(t, err)
			options.Persistence.Open = func(string) (files.FS, error) { return fsys, nil }
		}
		m, err := meter.Open(set, options)
		require.NoError(t, err)
		require.NoError(t, m.Close())
	})
}
