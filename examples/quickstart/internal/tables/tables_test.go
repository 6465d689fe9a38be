package tables

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/otelusage/usageprocessor/examples/quickstart/internal/usagepage"
)

func TestGolden(t *testing.T) {
	var update bool
	if f := flag.Lookup("update"); f != nil {
		update = f.Value.String() == "true"
	}
	got := render(t, read(t, "testdata/page.txt"))
	if update {
		if err := os.WriteFile("testdata/tables.golden", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, "testdata/tables.golden"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite the golden file")
	os.Exit(m.Run())
}

// TestNames: the exporter can be told to leave suffixes out, or to keep dots.
func TestNames(t *testing.T) {
	page := read(t, "testdata/page.txt")
	want := render(t, page)
	for _, suffix := range []string{"_total", "_bytes_total", "_seconds", "_USD"} {
		if got := render(t, strings.ReplaceAll(page, suffix, "")); got != want {
			t.Errorf("without %s:\n%s", suffix, got)
		}
	}
	dotted := "{\"usage.endpoint.requests\",\"usage.service\"=\"a\",\"usage.outcome\"=\"success\"} 5\n"
	if got := render(t, dotted); !strings.Contains(got, "a        -         -               5") {
		t.Errorf("with dots:\n%s", got)
	}
}

func TestEmptyPage(t *testing.T) {
	got := render(t, "")
	if strings.Count(got, "nothing yet") != 2 {
		t.Errorf("got:\n%s", got)
	}
}

func TestControlCharactersAreShown(t *testing.T) {
	got := render(t, "usage_endpoint_requests_total{usage_service=\"a\x1b[2J\\n\tb\",usage_outcome=\"success\"} 1\n")
	if !strings.Contains(got, "a?[2J??b") {
		t.Errorf("got:\n%q", got)
	}
}

func TestBrokenPage(t *testing.T) {
	if _, err := usagepage.Parse(strings.NewReader("usage_endpoint_requests_total{ 5")); err == nil {
		t.Error("no error")
	}
}

func render(t *testing.T, text string) string {
	t.Helper()
	page, err := usagepage.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Write(&out, page); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
