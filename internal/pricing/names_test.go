package pricing

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func builtinTable(t testing.TB) *Table {
	t.Helper()
	table, err := Builtin()
	require.NoError(t, err)
	return table
}

// testdata/names.txt has names as they are reported: provider (- is none), model
// and the entry of the built-in table that is meant, or unpriced.
func TestNames(t *testing.T) {
	table := builtinTable(t)
	text, err := os.ReadFile("testdata/names.txt")
	require.NoError(t, err)
	count := 0
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		require.Len(t, fields, 3, line)
		count++
		if got := id(table.Find(strings.TrimPrefix(fields[0], "-"), fields[1])); got != fields[2] {
			t.Errorf("%s %s is %s, want %s", fields[0], fields[1], got, fields[2])
		}
	}
	require.Greater(t, count, 200)
}

func id(p *Price) string {
	if p == nil {
		return "unpriced"
	}
	return p.ID()
}

// Every name that the table lists finds the price that the table has for it, or
// none where it has none.
func TestBuiltinFindsItsOwnNames(t *testing.T) {
	table := builtinTable(t)
	names := 0
	eachBuiltin(t, func(provider string, r row) {
		for _, name := range r.names {
			name = strings.TrimSuffix(name, "*")
			names++
			p := table.Find(provider, name)
			if r.price.untold {
				continue // or a name says that it is free
			}
			require.NotNil(t, p, "%s %s", provider, name)
		}
	})
	require.Greater(t, names, 2000)
}

// eachBuiltin reads the whole table, as no user does.
func eachBuiltin(t *testing.T, f func(provider string, r row)) {
	t.Helper()
	models := 0
	table := builtinTable(t)
	for _, l := range table.layers[0].(*index).lists {
		rows, err := builtinRows(l.provider, l.unread)
		require.NoError(t, err)
		for _, r := range rows {
			models++
			f(l.provider, r)
		}
	}
	require.Equal(t, table.Models(), models)
}

func TestBuiltinIsWellFormed(t *testing.T) {
	require.Regexp(t, `^genai-prices \d+\.\d+\.\d+ \(20\d\d-\d\d-\d\d\)$`, builtinTable(t).Source())
	untold := 0
	eachBuiltin(t, func(_ string, r row) {
		require.NotEmpty(t, r.price.periods, r.price.id)
		if r.price.untold && !strings.HasSuffix(r.names[0], ":free") {
			untold++
		}
		for _, p := range r.price.periods {
			for _, rate := range p.rates.normal.base {
				require.GreaterOrEqual(t, rate, int64(0), r.price.id)
			}
		}
	})
	require.Less(t, untold, 50)
}

func TestShape(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"gpt-4.1", "gpt-4-1"},
		{"claude-3.5-sonnet", "claude-sonnet-3-5"},
		{"claude-3-5-sonnet@20241022", "claude-sonnet-3-5-20241022"},
		{"anthropic.claude-4-sonnet", "anthropic.claude-sonnet-4"},
		{"claude-sonnet-4-5", "claude-sonnet-4-5"},
		{"claude-20250514", "claude-20250514"},
		{"claude-3", "claude-3"},
		{"claude-3-", "claude-3-"},
		{"claude-2.1", "claude-2-1"},
		{".5@", ".5-"},
	} {
		require.Equal(t, tt.want, shape(tt.name), tt.name)
	}
}

func TestWithoutSuffix(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"gpt-4o-2024-08-06", "gpt-4o"},
		{"claude-opus-5-20260701", "claude-opus-5"},
		{"gpt-4-0613", "gpt-4"},
		{"mistral-large-2411", ""},
		{"gemini-2.5-pro-preview-05-06", "gemini-2.5-pro-preview"},
		{"gemini-2.5-pro-05-06", ""},
		{"command-r-08-2024", "command-r"},
		{"gemini-1.5-pro-002", "gemini-1.5-pro"},
		{"llama3:latest", "llama3"},
		{"llama3:7b", ""},
		{"anthropic.claude-v2:1", "anthropic.claude-v2"},
		{"anthropic.claude-opus-4-6-v1", "anthropic.claude-opus-4-6"},
		{"deepseek-v3", ""},
		{"claude-v1", ""},
		{"claude-opus-4@default", "claude-opus-4"},
		{"o1-pro", ""},
		{"-latest", ""},
		{"[1m]", ""},
		{"ft:gpt-4o:acme::1", "ft:gpt-4o"},
	} {
		rest, ok := withoutSuffix(tt.name)
		if !ok {
			rest = ""
		}
		require.Equal(t, tt.want, rest, tt.name)
	}
}

func TestNamesOfAnyLengthAreBounded(t *testing.T) {
	table := builtinTable(t)
	for _, unit := range []string{"a", "-0101", "models/", "us.anthropic.", ":1", "openai/", "claude-1-", "@1"} {
		require.Nil(t, table.Find("openai", strings.Repeat(unit, maxName/len(unit))), unit)
		require.Nil(t, table.Find("openai", strings.Repeat(unit, 10_000)), unit)
	}
	require.Nil(t, table.Find(strings.Repeat("x", 1000), "gpt-4o"))
	require.Nil(t, table.Find("", ""))
}
