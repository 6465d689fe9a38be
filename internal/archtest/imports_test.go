package archtest

import (
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	modulePath = "github.com/otelusage/usageprocessor"
	root       = "../.."
)

// rule says what a package may import. It holds for the packages below it too,
// which are free to import each other.
type rule struct {
	// ours are the packages of this module, relative to its root.
	ours []string
	// not are the path prefixes of what must not be imported from elsewhere.
	not []string
	// onlyStd allows nothing from elsewhere but the standard library.
	onlyStd bool
}

// Imports point one way: from the components to the meter, from there to the
// packages that each do one job and do not know each other, and from there to
// the words that all share. An arrow may skip a layer and never points back.
var (
	words      = []string{"internal/dialect", "internal/rule", "internal/usage"}
	jobs       = []string{"internal/emit", "internal/engine", "internal/extract", "internal/journal", "internal/pricing", "internal/query"}
	generated  = []string{"internal/metadata"}
	underMeter = slices.Concat(words, jobs, generated)
	component  = rule{ours: append([]string{"internal/meter"}, underMeter...)}

	openTelemetry    = "go.opentelemetry.io"
	telemetryData    = "go.opentelemetry.io/collector/pdata"
	collectorRuntime = "go.opentelemetry.io/collector/component"
	logger           = "go.uber.org/zap"
)

var rules = map[string]rule{
	// The components, which do not import each other.
	"":               component,
	"usageconnector": component,
	"usageextension": component,
	"cmd":            component,

	"internal/meter": {ours: underMeter},

	"internal/emit":    {ours: words, not: []string{collectorRuntime, logger}},
	"internal/engine":  {ours: []string{"internal/usage"}, not: []string{openTelemetry, logger, "os", "go.yaml.in/yaml"}},
	"internal/extract": {ours: words, not: []string{logger}},
	// Storage extensions are reached through the Collector's API.
	"internal/journal": {ours: words, not: []string{telemetryData, logger}},
	"internal/pricing": {ours: words, not: []string{openTelemetry, logger}},
	"internal/query":   {ours: []string{"internal/usage"}, not: []string{openTelemetry, logger, "os", "net/http"}},

	// The language of rules is telemetry's own; its parsers want a logger.
	"internal/rule":    {ours: []string{"internal/usage"}},
	"internal/dialect": {ours: []string{"internal/usage"}, not: []string{openTelemetry, logger}},
	"internal/usage":   {onlyStd: true},

	// Written by mdatagen.
	"internal/metadata":     {},
	"internal/metadatatest": {},

	// Only tests import these, and the tests of any package may.
	"e2e":               component,
	"internal/archtest": {},
	"internal/testar":   {onlyStd: true},
}

// owner returns the key of the rule that a package falls under.
func owner(pkg string) (key string, ok bool) {
	for key = pkg; ; key = path.Dir(key) {
		if _, ok = rules[key]; ok {
			return key, true
		}
		// The rule of the root is for the root alone.
		if !strings.Contains(key, "/") {
			return "", false
		}
	}
}

// violations returns what is wrong with the imports of a package, given relative
// to the module's root.
func violations(pkg string, imports []string) []string {
	self, ok := owner(pkg)
	if !ok {
		return []string{fmt.Sprintf("package %q has no rule: add it to `rules` in internal/archtest/imports_test.go, in the layer where it belongs", pkg)}
	}
	may := rules[self]
	var found []string
	for _, imported := range imports {
		if rel, ours := relative(imported); ours {
			target, known := owner(rel)
			if !known || target != self && !slices.Contains(may.ours, target) {
				found = append(found, fmt.Sprintf("%q imports %q: it may import %s", pkg, rel, list(may.ours)))
			}
			continue
		}
		if may.onlyStd && !standard(imported) {
			found = append(found, fmt.Sprintf("%q imports %q: it may import the standard library only", pkg, imported))
		}
		for _, prefix := range may.not {
			if below(imported, prefix) {
				found = append(found, fmt.Sprintf("%q imports %q: nothing of %q belongs there", pkg, imported, prefix))
			}
		}
	}
	return found
}

// relative strips the module's path from one of its packages.
func relative(importPath string) (rel string, ours bool) {
	if importPath == modulePath {
		return "", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

// below reports whether a package has the path prefix or lies below it.
func below(importPath, prefix string) bool {
	return importPath == prefix || strings.HasPrefix(importPath, strings.TrimSuffix(prefix, "/")+"/")
}

// standard reports whether a package is of the standard library, whose paths
// never begin with a host name.
func standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

func list(packages []string) string {
	if len(packages) == 0 {
		return "no package of this module"
	}
	return strings.Join(packages, ", ")
}

func TestViolations(t *testing.T) {
	for _, tt := range []struct {
		name    string
		pkg     string
		imports []string
		want    string // part of the only message, or nothing
	}{
		{"component to meter", "", []string{modulePath + "/internal/meter"}, ""},
		{"component skips layers", "usageextension", []string{modulePath + "/internal/usage"}, ""},
		{"component to component", "usageconnector", []string{modulePath}, `imports ""`},
		{"command to component", "cmd/usagectl", []string{modulePath + "/usageextension"}, `imports "usageextension"`},
		{"meter to journal", "internal/meter", []string{modulePath + "/internal/journal/files"}, ""},
		{"meter to component", "internal/meter", []string{modulePath}, `imports ""`},
		{"upwards", "internal/usage", []string{modulePath + "/internal/engine"}, `imports "internal/engine"`},
		{"siblings", "internal/engine", []string{modulePath + "/internal/journal"}, `imports "internal/journal"`},
		{"one family", "internal/journal/files", []string{modulePath + "/internal/journal"}, ""},
		{"family has one rule", "internal/journal/files", []string{modulePath + "/internal/emit"}, `imports "internal/emit"`},
		{"test helper in code", "internal/emit", []string{modulePath + "/internal/testar"}, `imports "internal/testar"`},
		{"words need no module", "internal/usage", []string{"strings", "github.com/google/uuid"}, "standard library only"},
		{"engine without telemetry data", "internal/engine", []string{telemetryData + "/pmetric"}, "nothing of"},
		{"engine without logger", "internal/engine", []string{"go.uber.org/zap/zapcore"}, "nothing of"},
		{"engine without disk", "internal/engine", []string{"os"}, "nothing of"},
		{"prefix ends at a slash", "internal/engine", []string{"go.uber.org/zapper"}, ""},
		{"unknown package", "internal/helpers", nil, "add it to `rules`"},
		{"unknown component", "usagereceiver", nil, "add it to `rules`"},
		{"import of unknown package", "internal/engine", []string{modulePath + "/internal/helpers"}, `imports "internal/helpers"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := violations(tt.pkg, tt.imports)
			if tt.want == "" {
				if len(got) != 0 {
					t.Errorf("violations = %q, want none", got)
				}
				return
			}
			if len(got) != 1 || !strings.Contains(got[0], tt.want) {
				t.Errorf("violations = %q, want one with %q", got, tt.want)
			}
		})
	}
}

func TestImportDirection(t *testing.T) {
	packages := readPackages(t)
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		for _, message := range violations(dir, packages[dir].imports) {
			t.Error(message)
		}
	}
}

// A test file that no run builds looks like a test and proves nothing.
func TestEveryTestFileRuns(t *testing.T) {
	count := 0
	for dir, pkg := range readPackages(t) {
		for _, name := range pkg.testFiles {
			count++
			ok, err := runs(filepath.Join(root, filepath.FromSlash(dir)), name)
			if err != nil {
				t.Error(err)
			} else if !ok {
				t.Errorf("%s: neither `go test` nor `go test -race` builds it: drop the build tag, or the system in its name, and skip at run time", path.Join(dir, name))
			}
		}
	}
	if count == 0 {
		t.Error("no test file found")
	}
}

func TestRuns(t *testing.T) {
	for _, tt := range []struct {
		name, source string
		want         bool
	}{
		{"plain_test.go", "package p", true},
		{"race_test.go", "//go:build race\n\npackage p", true},
		{"norace_test.go", "//go:build !race\n\npackage p", true},
		{"tagged_test.go", "//go:build integration\n\npackage p", false},
		{"clock_plan9_test.go", "package p", false},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, tt.name), []byte(tt.source+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := runs(dir, tt.name); err != nil || got != tt.want {
			t.Errorf("runs(%s) = %t, %v, want %t", tt.name, got, err, tt.want)
		}
	}
}

// runs reports whether `make test` builds a test file, which it does without and
// with the race detector.
func runs(dir, name string) (bool, error) {
	plain := build.Default
	ok, err := plain.MatchFile(dir, name)
	if ok || err != nil {
		return ok, err
	}
	race := build.Default
	race.BuildTags = append(slices.Clone(race.BuildTags), "race")
	return race.MatchFile(dir, name)
}

type goPackage struct {
	imports   []string // of all files but tests, whatever their build tags
	testFiles []string
}

// readPackages reads the packages of the module by their directory. It reads the
// files themselves, because the test cache does not notice what a run of
// `go list` would have read.
func readPackages(t *testing.T) map[string]*goPackage {
	t.Helper()
	packages := map[string]*goPackage{}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return skip(file, entry.Name())
		case !strings.HasSuffix(file, ".go"):
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		if dir = filepath.ToSlash(dir); dir == "." {
			dir = ""
		}
		pkg := packages[dir]
		if pkg == nil {
			pkg = &goPackage{}
			packages[dir] = pkg
		}
		return pkg.add(file)
	})
	if err != nil {
		t.Fatal(err)
	}
	if packages["internal/archtest"] == nil {
		t.Fatal("the walk over the module has not found this package")
	}
	return packages
}

func (p *goPackage) add(file string) error {
	if name := filepath.Base(file); strings.HasSuffix(name, "_test.go") {
		p.testFiles = append(p.testFiles, name)
		return nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if !slices.Contains(p.imports, imported) {
			p.imports = append(p.imports, imported)
		}
	}
	return nil
}

// skip leaves out the directories that are not part of the module, as Go does.
func skip(dir, name string) error {
	if dir == root {
		return nil
	}
	if name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}
