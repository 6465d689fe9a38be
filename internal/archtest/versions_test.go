package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// One Collector release is the base of everything here: its modules carry either
// of two numbers, the contributed ones the first of them, and the OpenTelemetry
// modules are those that it was released with. `go mod tidy` takes a missing
// module at its newest version, and that would raise all others.
const (
	collectorVersion       = "v0.155.0"
	stableCollectorVersion = "v1.61.0"
	openTelemetryVersion   = "v1.44.0"
)

// held returns the version that a module must have, given the one that it has.
// It is empty for a module that is not held: OpenTelemetry modules with numbers
// of their own (logs, exporters, instrumentation) follow from those that are.
func held(path, version string) string {
	switch {
	case below(path, "go.opentelemetry.io/collector") && strings.HasPrefix(version, "v1."):
		return stableCollectorVersion
	case below(path, "go.opentelemetry.io/collector"),
		below(path, "github.com/open-telemetry/opentelemetry-collector-contrib"):
		return collectorVersion
	}
	switch path {
	case "go.opentelemetry.io/otel",
		"go.opentelemetry.io/otel/metric",
		"go.opentelemetry.io/otel/sdk",
		"go.opentelemetry.io/otel/sdk/metric",
		"go.opentelemetry.io/otel/trace":
		return openTelemetryVersion
	}
	return ""
}

// module is what `go list -m -json` says about one.
type module struct {
	Path    string
	Version string
	Replace *module
}

// wrong says what is wrong with the version of a module, or nothing.
func (m module) wrong() string {
	want := held(m.Path, m.Version)
	switch {
	case want == "":
		return ""
	case m.Replace != nil:
		return fmt.Sprintf("%s is replaced by %s %s, want %s itself", m.Path, m.Replace.Path, m.Replace.Version, want)
	case m.Version != want:
		return fmt.Sprintf("%s is at %s, want %s: `go get %s@%s`", m.Path, m.Version, want, m.Path, want)
	}
	return ""
}

func TestVersionRule(t *testing.T) {
	for _, tt := range []struct {
		module module
		ok     bool
	}{
		{module{Path: "go.opentelemetry.io/collector/pdata", Version: "v1.61.0"}, true},
		{module{Path: "go.opentelemetry.io/collector/pdata", Version: "v1.70.0"}, false},
		{module{Path: "go.opentelemetry.io/collector/service", Version: "v0.155.0"}, true},
		{module{Path: "go.opentelemetry.io/collector", Version: "v0.154.0"}, false},
		{module{Path: "github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl", Version: "v0.155.0"}, true},
		{module{Path: "github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl", Version: "v1.61.0"}, false},
		{module{Path: "go.opentelemetry.io/otel", Version: "v1.44.0"}, true},
		{module{Path: "go.opentelemetry.io/otel/sdk/metric", Version: "v1.45.0"}, false},
		{module{Path: "go.opentelemetry.io/otel/trace", Version: "v1.44.0", Replace: &module{Path: "../trace"}}, false},
		{module{Path: "go.opentelemetry.io/otel/log", Version: "v0.20.0"}, true},
		{module{Path: "go.opentelemetry.io/contrib/otelconf", Version: "v0.24.0"}, true},
		{module{Path: "go.uber.org/zap", Version: "v1.28.0"}, true},
	} {
		if got := tt.module.wrong(); (got == "") != tt.ok {
			t.Errorf("%s %s: %q, want ok = %t", tt.module.Path, tt.module.Version, got, tt.ok)
		}
	}
}

// The linter is built from a graph of its own, which shares nothing with the
// Collector.
func TestVersionsOfModules(t *testing.T) {
	count := 0
	for _, dir := range moduleDirs(t) {
		if dir != filepath.Join(root, "internal", "tools", "lint") {
			count += checkVersions(t, dir)
		}
	}
	if count == 0 {
		t.Error("no module of the Collector found")
	}
}

// The built Collector puts all components together, and with them what each of
// them requires.
func TestVersionsOfCollector(t *testing.T) {
	dir := os.Getenv("USAGE_COLLECTOR_SOURCE")
	if dir == "" {
		t.Skip("USAGE_COLLECTOR_SOURCE is not set: `make versions` generates the Collector's module and looks at it too")
	}
	if checkVersions(t, dir) == 0 {
		t.Error("no module of the Collector found")
	}
}

// checkVersions reports every wrong version that a module is built with, and
// returns how many held modules it has looked at.
func checkVersions(t *testing.T, dir string) (count int) {
	t.Helper()
	for _, selected := range selectedModules(t, dir) {
		if held(selected.Path, selected.Version) != "" {
			count++
		}
		if message := selected.wrong(); message != "" {
			t.Errorf("%s: %s", filepath.Join(dir, "go.mod"), message)
		}
	}
	return count
}

// What the Collector is to be built from is named in a file of its own, whose
// versions ocb checks only in part.
func TestVersionsOfBuilderConfig(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "builder-config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^\s*-?\s*gomod:\s*(\S+)\s+(\S+)\s*$`).FindAllStringSubmatch(string(text), -1)
	count := 0
	for _, line := range lines {
		named := module{Path: line[1], Version: line[2]}
		if held(named.Path, named.Version) != "" {
			count++
		}
		if message := named.wrong(); message != "" {
			t.Errorf("builder-config.yaml: %s", message)
		}
	}
	if all := strings.Count(string(text), "gomod:"); count == 0 || len(lines) != all {
		t.Errorf("builder-config.yaml: %d of %d gomod lines understood, %d of them of the Collector", len(lines), all, count)
	}
}

// moduleDirs finds every go.mod below the root, except what `make` has built. It
// reads each together with its go.sum, so that the test cache notices a change.
func moduleDirs(t *testing.T) []string {
	t.Helper()
	var dirs []string
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && file != root && (entry.Name() == "build" || entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		if entry.Name() != "go.mod" {
			return nil
		}
		dir := filepath.Dir(file)
		dirs = append(dirs, dir)
		if _, err := os.ReadFile(file); err != nil {
			return err
		}
		_, err = os.ReadFile(filepath.Join(dir, "go.sum"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// selectedModules asks Go which versions a module is really built with.
func selectedModules(t *testing.T, dir string) []module {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-m", "-json=Path,Version,Replace", "all")
	command.Dir = dir
	var problem strings.Builder
	command.Stderr = &problem
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: go list -m all: %v\n%s", dir, err, problem.String())
	}
	var modules []module
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var next module
		switch err := decoder.Decode(&next); {
		case errors.Is(err, io.EOF):
			return modules
		case err != nil:
			t.Fatalf("%s: go list -m all: %v", dir, err)
		}
		modules = append(modules, next)
	}
}
