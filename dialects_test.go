package usageprocessor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func dialectFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "own.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// What stands in several files is said by the first one: the user's own.
func TestOwnDialectsComeFirst(t *testing.T) {
	c := DialectsConfig{
		Disabled: []string{"http"},
		Files:    []string{dialectFile(t, "name: own\nsignals: [logs]\nfields: {request_model: [my.model]}")},
		Signals:  map[string]string{"own": "logs", "gen_ai": "metrics"},
	}
	found, err := c.load()
	require.NoError(t, err)
	assert.Equal(t, "own", found.Files[0].Name)
	for _, f := range found.Files {
		assert.NotEqual(t, "http", f.Name)
	}
	assert.Equal(t, map[string]usage.Signal{"own": usage.Logs, "gen_ai": usage.Metrics}, found.Signals)
}

func TestDialectsThatCannotBe(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	for name, c := range map[string]struct {
		config DialectsConfig
		want   string
	}{
		"no file":         {DialectsConfig{Files: []string{missing}}, "`dialects.files` cannot be read"},
		"no dialect":      {DialectsConfig{Files: []string{dialectFile(t, "name: own\nfeilds: {}")}}, "field feilds not found"},
		"unknown field":   {DialectsConfig{Files: []string{dialectFile(t, "name: own\nfields: {model_name: [x]}")}}, "`fields.model_name` is no field"},
		"a pin of nobody": {DialectsConfig{Signals: map[string]string{"gen_aii": "metrics"}}, "`dialects.signals` has \"gen_aii\": `"},
	} {
		_, err := c.config.load()
		assert.ErrorContains(t, err, c.want, name)
	}
}
