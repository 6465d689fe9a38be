package query

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// specified is a column as the specification has it.
type specified struct {
	name, level, kind string
	nulls, written    bool
	values            []string // that are allowed; empty: any
}

func specification(t *testing.T) []specified {
	file, err := os.Open("testdata/focus-1.2.csv")
	require.NoError(t, err)
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comment = '#'
	rows, err := reader.ReadAll()
	require.NoError(t, err)
	var list []specified
	for _, row := range rows[1:] {
		s := specified{name: row[0], level: row[1], nulls: row[2] == "yes", kind: row[3], written: row[4] == "yes"}
		if s.written && row[5] != "" {
			s.values = strings.Split(row[5], "|")
		}
		require.True(t, s.written || row[5] != "" && s.level == "Conditional", "%s: a reason", s.name)
		list = append(list, s)
	}
	require.Len(t, list, 57)
	return list
}

// check says whether a cell is what the specification allows there.
func (s *specified) check(t *testing.T, cell string) {
	t.Helper()
	if cell == "" {
		assert.True(t, s.nulls, "%s is null", s.name)
		return
	}
	if len(s.values) > 0 {
		assert.Contains(t, s.values, cell, s.name)
	}
	switch s.kind {
	case "Decimal":
		assert.Regexp(t, regexp.MustCompile(`^\d+(\.\d+)?$`), cell, s.name)
	case "DateTime":
		when, err := time.Parse("2006-01-02T15:04:05Z", cell)
		assert.NoError(t, err, s.name)
		assert.Zero(t, when.Nanosecond())
	case "JSON":
		var tags map[string]string
		assert.NoError(t, json.Unmarshal([]byte(cell), &tags), s.name)
	default:
		assert.Equal(t, "String", s.kind)
	}
}

func dataset(t *testing.T, f *fake, r Request, g usage.Granularity) []map[string]string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, WriteFOCUS(&out, f, r, g))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	columns := slices.DeleteFunc(specification(t), func(s specified) bool { return !s.written })
	for i := range columns {
		require.Equal(t, columns[i].name, rows[0][i])
	}
	require.Len(t, rows[0], len(columns))
	var list []map[string]string
	for _, row := range rows[1:] {
		cells := map[string]string{}
		for i, s := range columns {
			s.check(t, row[i])
			cells[s.name] = row[i]
		}
		checkRow(t, cells)
		list = append(list, cells)
	}
	return list
}

// checkRow checks what the specification says of several columns of a row of usage.
func checkRow(t *testing.T, c map[string]string) {
	t.Helper()
	assert.Equal(t, "Usage", c["ChargeCategory"])
	for _, name := range []string{"PricingQuantity", "PricingUnit", "ConsumedQuantity", "ConsumedUnit", "SkuId", "SkuMeter"} {
		assert.NotEmpty(t, c[name], "%s must not be null in a row of usage", name)
	}
	assert.NotEqual(t, "0", c["ConsumedQuantity"], "it is positive")
	assert.Less(t, c["ChargePeriodStart"], c["ChargePeriodEnd"])
	assert.LessOrEqual(t, c["BillingPeriodStart"], c["ChargePeriodStart"])
	assert.GreaterOrEqual(t, c["BillingPeriodEnd"], c["ChargePeriodEnd"])
	assert.Equal(t, c["BilledCost"], c["ListCost"], "without unit prices")
	assert.Equal(t, c["ServiceCategory"] == "Other", c["ServiceSubcategory"] == "Other (Other)", "one is of the other")
}

func TestFOCUS(t *testing.T) {
	f := costly(t)
	for _, g := range []usage.Granularity{usage.Hourly, usage.Daily} {
		rows := dataset(t, f, Request{Kind: usage.Provider}, g)
		require.Len(t, rows, 3)
		assert.Equal(t, []string{"1.000000123", "0.000000005", "1.000000123"}, []string{rows[0]["BilledCost"], rows[1]["BilledCost"], rows[2]["BilledCost"]})
	}
	row := dataset(t, f, Request{Kind: usage.Provider, From: at(t, "2026-11-21T00:00:00+01:00")}, usage.Daily)[1]
	assert.Equal(t, []string{"openai", "AI and Machine Learning", "gpt-4o", "1540", "Tokens", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z", "2026-11-20T23:00:00Z", "2026-11-21T23:00:00Z"}, []string{
		row["ProviderName"], row["ServiceCategory"], row["SkuId"], row["ConsumedQuantity"], row["ConsumedUnit"],
		row["BillingPeriodStart"], row["BillingPeriodEnd"], row["ChargePeriodStart"], row["ChargePeriodEnd"],
	})
	assert.JSONEq(t, `{"usage.service":"shop","usage.provider.kind":"gen_ai","usage.operation":"chat","tenant":"=cmd|' /C calc'!A1"}`, row["Tags"])
	golden(t, "focus.csv", func(w io.Writer) error { return WriteFOCUS(w, f, Request{Kind: usage.Provider}, usage.Daily) })
}

func TestFOCUSHasSomethingConsumed(t *testing.T) {
	f := newFake(t)
	add := func(m usage.Measures, values ...string) {
		schema, values := f.provider(values...)
		f.addHour(at(t, now), schema, values, m)
	}
	add(usage.Measures{CostReported: 7}, "a", "p", "http", "m", "o")
	m := calls(3, 0)
	m.CostReported = 7
	add(m, "b", "p", "http", "m", "o")
	add(calls(3, 0), "c", "p", "http", "m", "o") // costs nothing
	f.addHour(at(t, now), f.schemas.Intern(usage.Provider, []string{usage.AttrOverflow}), []string{"true"}, m)
	rows := dataset(t, f, Request{Kind: usage.Provider, Limit: 1}, usage.Hourly)
	got := [][]string{}
	for _, row := range rows {
		got = append(got, []string{row["ProviderName"], row["ConsumedQuantity"], row["ConsumedUnit"]})
	}
	assert.Equal(t, [][]string{{"p", "0.000000007", "USD"}, {"p", "3", "Requests"}, {"unknown", "3", "Requests"}}, got)
}

func TestFOCUSIsOfProviders(t *testing.T) {
	err := WriteFOCUS(io.Discard, newFake(t), Request{Kind: usage.Endpoint}, usage.Daily)
	require.ErrorIs(t, err, ErrInput)
	require.ErrorContains(t, err, "`kind` is endpoint")
	require.ErrorIs(t, WriteFOCUS(io.Discard, newFake(t), Request{Kind: usage.Provider, From: 2, Until: 1}, usage.Daily), ErrInput)
	assert.Empty(t, dataset(t, newFake(t), Request{Kind: usage.Provider}, usage.Daily), "a header only")
}
