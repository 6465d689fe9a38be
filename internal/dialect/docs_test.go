package dialect

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

var update = flag.Bool("update", false, "write the table of presets")

var page = filepath.Join("..", "..", "docs", "dialects.md")

func readPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	return string(text)
}

// TestDocsHaveEveryKeyAndWord wants everything that a file can say to be on the
// page that explains files.
func TestDocsHaveEveryKeyAndWord(t *testing.T) {
	text := readPage(t)
	for _, word := range slices.Concat(
		keysOf(reflect.TypeFor[File]()), fieldWords(), allWords(signals()), allWords(sides()), allWords(outcomes()),
		allWords(logRoles()), allWords(inclusions()), allWords(units()), allWords(measures()), allWords(tokenKinds()), allWords(protocols()),
	) {
		assert.Contains(t, text, "`"+word+"`")
	}
}

// keysOf returns the keys of a struct and of everything in it.
func keysOf(typ reflect.Type) (keys []string) {
	for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map || typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return nil
	}
	for i := range typ.NumField() {
		key, _, _ := strings.Cut(typ.Field(i).Tag.Get("yaml"), ",")
		if key != "" {
			keys = append(keys, key)
		}
		keys = append(keys, keysOf(typ.Field(i).Type)...)
	}
	return keys
}

func fieldWords() (list []string) {
	for f, name := range fieldNames() {
		if Field(f) != EndTime {
			list = append(list, name)
		}
	}
	return list
}

func allWords[T any](w words[T]) (list []string) {
	for i := range w {
		list = append(list, w[i].name)
	}
	return list
}

// TestDocsExampleIsADialect holds what the page shows to what files have to be.
func TestDocsExampleIsADialect(t *testing.T) {
	example := regexp.MustCompile("(?s)```yaml\n(name: .*?)```").FindStringSubmatch(readPage(t))
	require.NotNil(t, example)
	f, err := Parse("assistant.yaml", []byte(example[1]))
	require.NoError(t, err)
	p := compile(t, Options{Files: []*File{f}, Signals: map[string]usage.Signal{"assistant": usage.Logs}})
	assert.Len(t, p.Events("assistant.answered"), 1)
	assert.Len(t, p.Metrics(nil, "assistant.tokens", "", ""), 1)
}

// TestDocsTableOfPresets compares the table with the presets, or writes it.
func TestDocsTableOfPresets(t *testing.T) {
	const from, to = "<!-- presets -->\n", "<!-- end of presets -->\n"
	text := readPage(t)
	head, rest, ok := strings.Cut(text, from)
	require.True(t, ok)
	_, tail, ok := strings.Cut(rest, to)
	require.True(t, ok)
	want := head + from + presetTable(t) + to + tail
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o600))
		return
	}
	assert.Equal(t, want, text, "stale: go test ./internal/dialect -update writes it")
}

func presetTable(t *testing.T) string {
	t.Helper()
	files := loadPresets(t)
	p := Compile(Options{Files: files})
	slices.SortFunc(files, func(a, b *File) int { return strings.Compare(a.Name, b.Name) })
	var table strings.Builder
	table.WriteString("| preset | what it reads | as of | signals, best first | families |\n|---|---|---|---|---|\n")
	for _, f := range files {
		fmt.Fprintf(&table, "| `%s` | [%s](%s) | %s | %s | %s |\n", f.Name, f.Title, f.Source, f.Version,
			strings.Join(readSignals(p, f), ", "), strings.Join(familiesOf(f), ", "))
	}
	return table.String()
}

// readSignals returns the signals that a file has something to say about, best
// first.
func readSignals(p *Program, f *File) (list []string) {
	has := [usage.Signals]bool{
		usage.Traces:  len(f.Fields)+len(f.Roles)+len(f.Scopes) > 0,
		usage.Logs:    len(f.Logs) > 0,
		usage.Metrics: len(f.Metrics) > 0,
	}
	family := p.Family(f.family())
	for s := range usage.Signals {
		if has[s] {
			list = append(list, usage.Signal(s).String())
		}
	}
	rank := func(name string) usage.Rank { return family.Ranks[meaning(signals(), name)] }
	slices.SortFunc(list, func(a, b string) int { return int(rank(a)) - int(rank(b)) })
	return list
}

// familiesOf returns the families that records of a file can be of.
func familiesOf(f *File) (list []string) {
	if len(f.Logs)+len(f.Metrics)+len(f.Fields)+len(f.Roles) > 0 {
		list = append(list, "`"+f.family()+"`")
	}
	for _, s := range f.Scopes {
		if name := "`" + s.Family + "`"; s.Family != "" && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}
