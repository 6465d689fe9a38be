package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func importedOf(schema *usage.Schema, writer, endpoint string, requests, bytes int64) usage.Imported {
	m := usage.Measures{Requests: [usage.Outcomes]int64{requests}, RequestBytes: bytes}
	return usage.Imported{Writer: writer, HistoryRow: usage.HistoryRow{Schema: schema, Values: []string{"s", "http", endpoint}, Measures: m}}
}

// The most that is known of a series is that of each measure, by writer, whichever
// document's schemas ask.
func TestHighest_A_F28(t *testing.T) {
	f := newFixture()
	first := importedOf(f.endpoints, "w", "a", 5, 9)
	f.Import([]usage.Imported{first}, nil, nil, nil)
	f.Import([]usage.Imported{importedOf(f.endpoints, "w", "a", 7, 3)}, nil, nil, nil)
	other := (&usage.Schemas{}).Intern(usage.Endpoint, usage.BaseNames(usage.Endpoint))
	for name, c := range map[string]struct {
		asked           usage.Imported
		requests, bytes int64
	}{
		"known":          {importedOf(other, "w", "a", 0, 0), 7, 9},
		"another writer": {importedOf(other, "v", "a", 0, 0), 0, 0},
		"another series": {importedOf(other, "w", "b", 0, 0), 0, 0},
	} {
		m := f.Highest(&c.asked)
		assert.Equal(t, []int64{c.requests, c.bytes}, []int64{m.Requests[0], m.RequestBytes}, name)
	}

	list, more := f.Imported(nil, 0, 10)
	require.False(t, more)
	again := New(f.options)
	require.NoError(t, again.RestoreImported(list))
	assert.Equal(t, int64(7), again.Highest(&first).Requests[0])
	list[0].Values = nil
	assert.Error(t, again.RestoreImported(list))
}

// What is imported is retired, not live; what of it is in no file has no hour.
func TestImportBalances_A_F28(t *testing.T) {
	f := newFixture()
	f.BeginExpiry(usage.Moment{})
	row := importedOf(f.endpoints, "w", "a", 5, 9)
	file := usage.HistoryFile{Number: 1, Period: usage.Period{Start: 0, End: 3600}, Sums: [usage.Kinds]usage.Measures{{Requests: [usage.Outcomes]int64{4}}}}
	f.Import([]usage.Imported{row}, []usage.HistoryRow{row.HistoryRow}, nil, []usage.HistoryFile{file})
	assert.Empty(t, f.rows())
	assert.Equal(t, map[string]usage.Measures{"endpoint [s http a]": row.Measures}, f.ended())
	assert.Equal(t, usage.Measures{Requests: [usage.Outcomes]int64{1}, RequestBytes: 9}, f.History().Gone[usage.Endpoint])

	// The next document has more of the same hour: its file replaces the first one.
	more := importedOf(f.endpoints, "w", "a", 2, 0)
	file.Number, file.Sums[usage.Endpoint].Requests[0] = 2, 6
	f.Import(nil, []usage.HistoryRow{more.HistoryRow}, []uint64{1}, []usage.HistoryFile{file})
	assert.Equal(t, usage.Measures{Requests: [usage.Outcomes]int64{1}, RequestBytes: 9}, f.History().Gone[usage.Endpoint])
	assert.Equal(t, []usage.HistoryFile{file}, f.History().Files)
}

// A row with dimensions is retired under its base identity.
func TestImportOfDimensions(t *testing.T) {
	f := newFixture()
	tenants := (&usage.Schemas{}).Intern(usage.Endpoint, append(usage.BaseNames(usage.Endpoint), "tenant.id"))
	row := usage.HistoryRow{Schema: tenants, Values: []string{"s", "http", "a", "t"}, Measures: usage.Measures{RequestBytes: 1}}
	f.Import(nil, []usage.HistoryRow{row}, nil, nil)
	assert.Equal(t, map[string]usage.Measures{"endpoint [s http a]": {RequestBytes: 1}}, f.ended())
}
