package usageprocessor

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every example of docs/meters.md is the configuration of a case that is run.
func TestExamplesOfMeters(t *testing.T) {
	docs, err := os.ReadFile("docs/meters.md")
	require.NoError(t, err)
	yaml := regexp.MustCompile("(?s)```yaml\n").FindAllString(string(docs), -1)
	examples := regexp.MustCompile("(?s)```yaml\n([^`]*)\n```\n<!-- (testdata/golden/\\w+) -->").FindAllStringSubmatch(string(docs), -1)
	require.Len(t, examples, len(yaml), "an example has no case")
	for _, example := range examples {
		stages, err := loadCase(os.DirFS(example[2]))
		require.NoError(t, err)
		assert.Equal(t, stages[0].sections[sectionConfig], example[1], example[2])
	}
}
