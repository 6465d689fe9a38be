package query

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata.
func golden(t *testing.T, name string, write func(io.Writer) error) {
	t.Helper()
	var got bytes.Buffer
	require.NoError(t, write(&got))
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got.Bytes(), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got.String())
}

func requireJSON(t *testing.T, r Request, a Answer) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, WriteJSON(&out, r, a))
	require.True(t, json.Valid(out.Bytes()), out.String())
}

// costly are two series, one of which is made of what telemetry should not contain.
func costly(t *testing.T) *fake {
	f := newFake(t)
	m := calls(2, 1)
	m.Duration, m.CostReported, m.CostPriced = 6*billion, 123, billion
	m.Tokens = [usage.TokenTypes]int64{1000, 200, 0, 300, 40}
	schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat", "=cmd|' /C calc'!A1")
	f.addLive(schema, values, m).Touched = 4 * billion
	f.addHour(at(t, "2026-11-20T10:00:00+01:00"), schema, values, m)
	f.addHour(at(t, "2026-11-21T10:00:00+01:00"), schema, values, m)
	schema, values = f.provider("-shop", "a\x00\x1b[31m\"b\"", "db", "unknown", "+query,\n1")
	f.addRetired(schema, values, calls(1, 0))
	f.addHour(at(t, "2026-11-21T10:00:00+01:00"), schema, values, usage.Measures{CostReported: 5})
	f.addHour(at(t, "2026-11-21T10:00:00+01:00"), schema, values, calls(1, 0))
	return f
}

func TestAnswersAsTheyAreWritten_A_U14_X_14(t *testing.T) {
	f := costly(t)
	r := Request{Kind: usage.Provider}
	a, err := Series(f, r)
	require.NoError(t, err)
	golden(t, "series.json", func(w io.Writer) error { return WriteJSON(w, r, a) })
	golden(t, "series.csv", func(w io.Writer) error { return WriteCSV(w, r, a) })
	requireJSON(t, r, a)
}

func TestTimelinesAsTheyAreWritten(t *testing.T) {
	r := Request{Kind: usage.Provider, GroupBy: []string{"tenant"}, From: at(t, "2026-11-19T10:00:00+01:00")}
	points, err := Timeline(costly(t), r, usage.Daily)
	require.NoError(t, err)
	golden(t, "timeline.json", func(w io.Writer) error { return WriteTimelineJSON(w, r, usage.Daily, points) })
	golden(t, "timeline.csv", func(w io.Writer) error { return WriteTimelineCSV(w, r, usage.Daily, points) })
	r.GroupBy = nil
	points, err = Timeline(costly(t), r, usage.Daily)
	require.NoError(t, err)
	golden(t, "totals.csv", func(w io.Writer) error { return WriteTimelineCSV(w, r, usage.Daily, points) })
	var out bytes.Buffer
	require.NoError(t, WriteTimelineJSON(&out, r, usage.Daily, nil))
	assert.JSONEq(t, `{"kind":"provider","from":null,"until":null,"granularity":"day","points":[]}`, out.String())
}

// What groups have counted that are not in the table is no row of something without attributes.
func TestTablesOfSomeGroupsHaveNoOthers(t *testing.T) {
	r := Request{
		Kind: usage.Provider, GroupBy: []string{usage.AttrProvider}, Limit: 1,
		From: at(t, "2026-11-21T00:00:00+01:00"), Until: at(t, "2026-11-21T17:00:00+01:00"),
	}
	points, err := Timeline(threeDays(t), r, usage.Hourly)
	require.NoError(t, err)
	require.Equal(t, int64(2), points[0].Total.TotalRequests(), "of mistral")
	var out bytes.Buffer
	require.NoError(t, WriteTimelineCSV(&out, r, usage.Hourly, points))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+len(points), "also of hours without openai")
	for i, row := range rows[1:] {
		want := []string{"", "0"}
		if i == 9 {
			want = []string{"openai", "3"}
		}
		assert.Equal(t, want, row[2:4], row[0])
	}
}

// A long timeline is written in parts.
func TestLongTimelinesAreJSON(t *testing.T) {
	r := Request{Kind: usage.Provider, From: at(t, "2026-01-01T00:00:00+01:00")}
	points, err := Timeline(costly(t), r, usage.Hourly)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, WriteTimelineJSON(&out, r, usage.Hourly, points))
	require.Greater(t, out.Len(), 4*enough)
	var document struct{ Points []struct{ Start, End string } }
	require.NoError(t, json.Unmarshal(out.Bytes(), &document))
	require.Len(t, document.Points, len(points))
}

func TestCellsAreNoFormulas_A_U14(t *testing.T) {
	for _, text := range []string{"=1", "+1", "-1", "@x", "\tx", "\rx", "\nx"} {
		assert.Equal(t, "'"+text, harmless(text))
	}
	for _, text := range []string{"", "a=1", "GET /", "'x", " ="} {
		assert.Equal(t, text, harmless(text))
	}
	var out bytes.Buffer
	r := Request{Kind: usage.Provider, GroupBy: []string{"=attribute"}}
	require.NoError(t, WriteCSV(&out, r, Answer{Rows: []Row{{Attributes: []Attribute{{"=attribute", "@value"}}}}}))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, []string{"'=attribute", "'@value"}, []string{rows[0][0], rows[1][0]})
}

func TestFormatsHaveTheSameMeasures(t *testing.T) {
	for i := range usage.Kinds {
		r := Request{Kind: usage.Kind(i)}
		a := Answer{Rows: []Row{{}}}
		var table, document bytes.Buffer
		require.NoError(t, WriteCSV(&table, r, a))
		require.NoError(t, WriteJSON(&document, r, a))
		header, _, _ := strings.Cut(table.String(), "\n")
		for _, m := range Measures(r.Kind) {
			assert.Contains(t, strings.Split(header, ","), m.Name)
			assert.Contains(t, document.String(), `"`+m.Name+`":`)
			assert.NoError(t, validateOrder(r.Kind, m.Name))
		}
	}
}

// failing is a connection that is gone.
type failing struct{}

var errGone = errors.New("gone")

func (failing) Write([]byte) (int, error) { return 0, errGone }

func TestErrorsOfWritingAreReturned(t *testing.T) {
	f := costly(t)
	r := Request{Kind: usage.Provider}
	a, err := Series(f, r)
	require.NoError(t, err)
	points, err := Timeline(f, r, usage.Hourly)
	require.NoError(t, err)
	for i, err := range []error{
		WriteJSON(failing{}, r, a), WriteCSV(failing{}, r, a),
		WriteTimelineJSON(failing{}, r, usage.Hourly, points), WriteTimelineCSV(failing{}, r, usage.Hourly, points),
		WriteFOCUS(failing{}, f, r, usage.Daily),
	} {
		require.ErrorIs(t, err, errGone, i)
	}
}
