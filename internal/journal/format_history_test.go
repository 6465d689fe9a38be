package journal

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// fileHour closes the first of two hours and writes it to a file.
func (w *world) fileHour(t *testing.T) {
	t.Helper()
	closed := w.CloseHours(int64(3 * time.Hour))
	require.Equal(t, []usage.Period{hourAt(1)}, closed)
	rows, _, _ := w.HourRows(nil, closed[0].Start, 0, math.MaxInt32)
	ended, _, _ := w.HourRows(nil, closed[0].Start, -1, math.MaxInt32)
	w.FileHour(mustWriteRows(t, w.journal, closed[0], append(rows, ended...)))
}

// importSome takes what another writer has counted on a day before.
func (w *world) importSome(t *testing.T) {
	t.Helper()
	rows := historyRows(w.schemas, 2)
	day := mustWriteRows(t, w.journal, usage.Period{Granularity: usage.Daily, Start: -86400}, rows)
	highest := []usage.Imported{{Writer: "another", HistoryRow: rows[0]}, {HistoryRow: rows[1]}}
	rows[1].Requests[usage.Success]++ // of which nobody knows when
	w.Import(highest, rows, nil, []usage.HistoryFile{day})
}

// describeHistory prints all of it, and budgets.
func (w *world) describeHistory(b *strings.Builder) {
	h := w.History()
	fmt.Fprintf(b, "closed until %d, inexact %t, erased %+v\n", h.ClosedUntil, h.Inexact, h.Erased)
	describeSums(b, "gone", &h.Gone)
	for i := range h.Files {
		f := &h.Files[i]
		fmt.Fprintf(b, "file %d %+v of %d rows\n", f.Number, f.Period, f.Rows)
		describeSums(b, "sum", &f.Sums)
		err := w.journal.ReadHistory(*f, func(r *usage.HistoryRow) error {
			describeHistoryRow(b, "", r)
			return nil
		})
		fmt.Fprintf(b, "  read: %v\n", err)
	}
	rows, _, _ := w.StoredRows(nil, 0, math.MaxInt32)
	for i := range rows {
		for _, hour := range rows[i].Hours {
			fmt.Fprintf(b, "%d in hour %d\n  %s\n", rows[i].Slot, hour.Hour, describeMeasures(&hour.Measures))
		}
	}
	detached, _ := w.Detached(nil, 0, math.MaxInt32)
	for i := range detached {
		describeHistoryRow(b, fmt.Sprint("ended in hour ", detached[i].Hour), &detached[i].HistoryRow)
	}
	imported, _ := w.Imported(nil, 0, math.MaxInt32)
	for i := range imported {
		describeHistoryRow(b, fmt.Sprintf("of %q", imported[i].Writer), &imported[i].HistoryRow)
	}
	fmt.Fprintf(b, "budgets %+v\n", w.Totals().Budgets)
}

func describeSums(b *strings.Builder, what string, sums *[usage.Kinds]usage.Measures) {
	for kind := range sums {
		if sums[kind].Any() {
			fmt.Fprintf(b, "  %s %s %s\n", what, usage.Kind(kind), describeMeasures(&sums[kind]))
		}
	}
}

func describeHistoryRow(b *strings.Builder, what string, r *usage.HistoryRow) {
	fmt.Fprintf(b, "  %s %s %q\n    %s\n", what, r.Schema.Kind, r.Values, describeMeasures(&r.Measures))
}
