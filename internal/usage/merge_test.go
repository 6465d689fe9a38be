package usage_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func endpointRow(schemas *usage.Schemas, endpoint string, n int64) *usage.HistoryRow {
	return &usage.HistoryRow{
		Schema: schemas.Intern(usage.Endpoint, usage.BaseNames(usage.Endpoint)), Values: []string{"s", "http", endpoint},
		Measures: usage.Measures{RequestBytes: n},
	}
}

// amounts are the rows of a merger: the last value of each, and its amount.
func amounts(m *usage.Merger) (list []any) {
	for _, r := range m.Rows() {
		list = append(list, r.Values[len(r.Values)-1], r.RequestBytes)
	}
	return list
}

// Rows of several files, each with schemas of its own, are added up by identity, in the
// order in which they come.
func TestMergerAddsUpByIdentity(t *testing.T) {
	mine := &usage.Schemas{}
	m := usage.NewMerger(mine, 0)
	for range 2 {
		file := &usage.Schemas{}
		file.Intern(usage.Own, usage.BaseNames(usage.Own)) // the numbers are others
		row := endpointRow(file, "b", 1)
		m.Add(row)
		row.Values[2] = "a" // nothing of it was kept
		m.Add(row)
	}
	m.Add(&usage.HistoryRow{Schema: mine.Intern(usage.Endpoint, append(usage.BaseNames(usage.Endpoint), "x")), Values: []string{"s", "http", "a", "c"}})
	assert.Equal(t, []any{"b", int64(2), "a", int64(2), "c", int64(0)}, amounts(m))
	assert.Same(t, mine.Intern(usage.Endpoint, usage.BaseNames(usage.Endpoint)), m.Rows()[0].Schema)
}

// Of each kind there is room for so many rows; the rest is counted for the overflow.
func TestMergerIsBounded_B_F10(t *testing.T) {
	schemas := &usage.Schemas{}
	m := usage.NewMerger(schemas, 2)
	for i, endpoint := range []string{"a", "b", "c", "a", "d"} {
		m.Add(endpointRow(schemas, endpoint, int64(i+1)))
	}
	m.Add(&usage.HistoryRow{Schema: schemas.Intern(usage.Own, usage.BaseNames(usage.Own)), Values: []string{"m", "By"}})
	assert.Equal(t, []any{"a", int64(5), "b", int64(2), "true", int64(8), "By", int64(0)}, amounts(m))
	assert.True(t, m.Rows()[2].Schema.Overflow())
}

// What is removed makes room.
func TestMergerRemoves(t *testing.T) {
	schemas := &usage.Schemas{}
	m := usage.NewMerger(schemas, 2)
	for _, endpoint := range []string{"a", "b", "c"} {
		m.Add(endpointRow(schemas, endpoint, 1))
	}
	scope := usage.Scope{Attribute: usage.AttrEndpoint, Value: "a"}
	assert.Equal(t, 1, m.Remove(&scope))
	assert.Zero(t, m.Remove(&scope))
	m.Add(endpointRow(schemas, "c", 1))
	m.Add(endpointRow(schemas, "b", 1))
	m.Add(endpointRow(schemas, "d", 1))
	assert.Equal(t, []any{"b", int64(2), "true", int64(2), "c", int64(1)}, amounts(m))
}
