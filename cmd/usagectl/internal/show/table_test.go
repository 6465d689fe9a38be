package show

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func written(t *testing.T, table *Table, style Style) string {
	t.Helper()
	var b strings.Builder
	if err := table.Write(&b, style); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	table := &Table{
		Columns: []Column{{Title: "PROVIDER"}, {Title: "REQUESTS", Number: true, Fixed: true}},
		Rows:    [][]string{{"openai", "1,234"}, {"postgresql", "5"}},
		Total:   []string{"TOTAL", "1,239"},
	}
	const want = "" +
		"PROVIDER    REQUESTS\n" +
		"openai         1,234\n" +
		"postgresql         5\n" +
		"TOTAL          1,239\n"
	if got := written(t, table, Style{}); got != want {
		t.Errorf("the table is\n%swant\n%s", got, want)
	}
	coloured := written(t, table, Style{Colour: true})
	if plain := strings.NewReplacer(bold, "", plain, "").Replace(coloured); plain != want || plain == coloured {
		t.Errorf("with colours the table is %q", coloured)
	}
}

// However long names are, tables fit, numbers are whole, and both ends of names show.
func TestTableFits(t *testing.T) {
	long := "begin" + strings.Repeat("x", 300) + "end"
	table := &Table{
		Columns: []Column{{Title: "A"}, {Title: "B"}, {Title: "N", Number: true, Fixed: true}},
		Rows:    [][]string{{long, "short", "123,456,789"}, {"ä", long, "1"}},
	}
	for text := range strings.Lines(written(t, table, Style{})) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(text, "\n")); n > maxWidth {
			t.Errorf("a line has %d columns: %q", n, text)
		}
	}
	got := written(t, table, Style{})
	for _, want := range []string{"begin", "end", cut, "123,456,789", "short"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

// What telemetry calls itself never moves the cursor of whoever reads a report.
func TestPrintable_X_17(t *testing.T) {
	for text, want := range map[string]string{
		"GET /users":      "GET /users",
		"größe 測試":        "größe 測試",
		"\x1b[2Jgone":     "\uFFFD[2Jgone",
		"a\r\nb\tc":       "a\uFFFD\uFFFDb\uFFFDc",
		"left\u202Eright": "left\uFFFDright",
		"bad \xff":        "bad \uFFFD",
	} {
		if got := Printable(text); got != want {
			t.Errorf("Printable(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestStyleOf(t *testing.T) {
	for _, tt := range []struct {
		terminal bool
		env      map[string]string
		want     bool
	}{
		{true, nil, true},
		{false, nil, false},
		{true, map[string]string{"NO_COLOR": "1"}, false},
		{true, map[string]string{"TERM": "dumb"}, false},
	} {
		if got := StyleOf(tt.terminal, func(name string) string { return tt.env[name] }).Colour; got != tt.want {
			t.Errorf("terminal %t, %v: colour = %t, want %t", tt.terminal, tt.env, got, tt.want)
		}
	}
}
