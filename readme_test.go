package usageprocessor

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A-R6: the options table of the README is createDefaultConfig, no more and no
// less, and no other place has defaults.
func TestReadmeListsTheDefaults_A_R6(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, options, ok := strings.Cut(string(readme), "\n## Options\n")
	require.True(t, ok)
	options, _, _ = strings.Cut(options, "\n## ")

	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| `?([^`|]*?)`? \\|").FindAllStringSubmatch(options, -1) {
		documented[row[1]] = strings.TrimSpace(row[2])
	}
	actual := map[string]string{}
	flatten(reflect.ValueOf(createDefaultConfig()).Elem(), "", actual)
	assert.Equal(t, actual, documented)
}

// flatten lists the leaves of a configuration by their YAML keys.
func flatten(v reflect.Value, prefix string, into map[string]string) {
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("mapstructure")
		switch {
		case key == "":
		case v.Field(i).Kind() == reflect.Struct:
			flatten(v.Field(i), prefix+key+".", into)
		case v.Field(i).Kind() == reflect.Pointer && v.Field(i).IsNil():
			into[prefix+key] = "none"
		default:
			into[prefix+key] = fmt.Sprint(v.Field(i).Interface())
			if v.Field(i).Kind() == reflect.Map && v.Field(i).Len() == 0 {
				into[prefix+key] = "{}"
			}
			if into[prefix+key] == "" {
				into[prefix+key] = `""`
			}
		}
	}
}
