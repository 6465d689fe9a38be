package dialect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func loadPresets(t testing.TB) []*File {
	t.Helper()
	files, err := Presets()
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// TestPresetHeaders wants every preset to say whose names it knows, and as of
// when: without that nobody can tell whether it is out of date.
func TestPresetHeaders(t *testing.T) {
	for _, f := range loadPresets(t) {
		assert.NotEmpty(t, f.Title, "%s has no title", f.Name)
		assert.True(t, strings.HasPrefix(f.Source, "https://"), "%s: its source is no address", f.Name)
		assert.NotEmpty(t, f.Version, "%s has no version", f.Name)
	}
}

// TestPresetsAreInOrder holds because files that say the same are told apart by
// nothing else.
func TestPresetsAreInOrder(t *testing.T) {
	files := loadPresets(t)
	for i := range files[1:] {
		a, b := files[i], files[i+1]
		assert.True(t, a.order() < b.order() || a.order() == b.order() && a.Name < b.Name, "%s before %s", a.Name, b.Name)
	}
}

// TestPresetsHaveGoldenCases wants every preset to be shown at work, with what
// its programs really send. A case belongs to the longest name it begins with:
// one of nginx shows nothing of other access logs.
func TestPresetsHaveGoldenCases(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join("..", "..", "testdata", "golden", "*", "1.test"))
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	files, shown := loadPresets(t), map[string]bool{}
	for _, path := range cases {
		longest := ""
		for _, f := range files {
			if strings.HasPrefix(filepath.Base(filepath.Dir(path)), f.Name+"_") && len(f.Name) > len(longest) {
				longest = f.Name
			}
		}
		shown[longest] = true
	}
	for _, f := range files {
		assert.True(t, shown[f.Name], "no folder testdata/golden/%s_* shows what `%s` is for", f.Name, f.Name)
	}
}

// TestPresetsAreRead makes sure that each file under presets is one.
func TestPresetsAreRead(t *testing.T) {
	entries, err := os.ReadDir("presets")
	require.NoError(t, err)
	assert.Len(t, loadPresets(t), len(entries))
}

// TestPresetFamiliesHaveAFile wants the family of a preset that leaves it to
// another one to be ranked there.
func TestPresetFamiliesHaveAFile(t *testing.T) {
	known := map[string]bool{}
	for _, f := range loadPresets(t) {
		known[f.Name] = true
	}
	for _, f := range loadPresets(t) {
		assert.True(t, known[f.family()], "%s: family `%s` is no preset", f.Name, f.family())
		for _, s := range f.Scopes {
			assert.True(t, s.Family == "" || known[s.Family], "%s: family `%s` is no preset", f.Name, s.Family)
		}
	}
}
