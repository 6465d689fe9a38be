package usageprocessor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"
)

// loadConfig reads the processor's block as the Collector does: over the
// defaults, refusing unknown keys, then validating.
func loadConfig(text string) (*Config, error) {
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(text))
	if err != nil {
		return nil, err
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		return nil, err
	}
	config := createDefaultConfig().(*Config)
	if err := conf.Unmarshal(config); err != nil {
		return nil, err
	}
	return config, xconfmap.Validate(config)
}

// TestConfig reads every file of testdata/config: the section `config` is what a
// user writes, and the only other one is what comes of it, the whole `error` or
// all that is in `effect`. `go test -update` writes the latter.
func TestConfig(t *testing.T) {
	root := filepath.Join("testdata", "config")
	files, err := os.ReadDir(root)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file.Name(), ".test"), func(t *testing.T) {
			path := filepath.Join(root, file.Name())
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			require.NotEmpty(t, archive.Comment, "it begins without saying what it shows")
			require.NotEmpty(t, archive.Files)
			require.Equal(t, "config", archive.Files[0].Name)
			want := archive.Files[1:]
			got := []txtar.File{effect(t, string(archive.Files[0].Data))}
			if *update {
				archive.Files = append(archive.Files[:1], got...)
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o600))
				return
			}
			assert.Equal(t, sectionsText(want), sectionsText(got))
		})
	}
}

// effect is what comes of a config.
func effect(t *testing.T, text string) txtar.File {
	t.Helper()
	config, err := loadConfig(text)
	if err != nil {
		return txtar.File{Name: "error", Data: []byte(err.Error() + "\n")}
	}
	conf := confmap.New()
	require.NoError(t, conf.Marshal(config))
	effective, err := yaml.Marshal(conf.ToStringMap())
	require.NoError(t, err)
	return txtar.File{Name: "effect", Data: effective}
}

func sectionsText(sections []txtar.File) string {
	return string(txtar.Format(&txtar.Archive{Files: sections}))
}
