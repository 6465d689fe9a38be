package engine

import (
	"fmt"
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

// After each part of a large document, buckets and what is in none are all that was
// counted.
func TestImportBalancesAllTheTime_A_F28(t *testing.T) {
	f := newFixture()
	f.BeginExpiry(onClock(0))
	var highest []usage.Imported
	var rows []usage.HistoryRow
	var hours []usage.HourRow
	for n := range 5 * importsPerLock {
		row := importedOf(f.endpoints, "w", fmt.Sprint(n), 1, 2)
		highest, rows = append(highest, row), append(rows, row.HistoryRow)
		hours = append(hours, usage.HourRow{Hour: noon, HistoryRow: row.HistoryRow})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Import(highest, rows, nil, nil)
		f.ImportHours(hours)
	}()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		f.mu.Lock()
		sums := f.history.state.Gone
		for _, o := range f.history.hours {
			addSums(&sums, &o.sums)
		}
		totals := f.totals()
		f.mu.Unlock()
		require.Equal(t, totals, sums)
	}
	assert.Equal(t, int64(len(rows)), f.history.hours[0].sums[usage.Endpoint].TotalRequests())
	assert.Zero(t, f.History().Gone)
	requireSums(t, f.Engine)
}

// Series of other writers are kept for ever: there may be so many of them.
func TestImportedRoom(t *testing.T) {
	f := newFixtureOf(Options{Limits: Limits{MaxSeries: 2}})
	assert.True(t, f.ImportedRoom(8))
	assert.False(t, f.ImportedRoom(9))
	f.Import([]usage.Imported{importedOf(f.endpoints, "w", "a", 1, 0), importedOf(f.endpoints, "w", "a", 2, 0)}, nil, nil, nil)
	assert.True(t, f.ImportedRoom(7))
	assert.False(t, f.ImportedRoom(8))
	assert.True(t, newFixture().ImportedRoom(1<<40), "without a limit")
}
