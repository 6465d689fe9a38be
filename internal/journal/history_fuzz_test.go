package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// FuzzHistory reads files of history that were changed, with checksums made right too.
// What reads well is written and read again.
func FuzzHistory(f *testing.F) {
	stored, err := filepath.Glob(filepath.Join("testdata", "v*", "*", "*.history"))
	require.NoError(f, err)
	require.NotEmpty(f, stored)
	for _, name := range stored {
		content, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		readHistory(t, content)
		readHistory(t, repair(content))
	})
}

func readHistory(t *testing.T, content []byte) {
	t.Helper()
	var rows []usage.HistoryRow
	r := newHistoryReader(historyName(1), bytes.NewReader(content))
	err := r.begin()
	if err == nil {
		err = r.rows(func(row *usage.HistoryRow) error {
			rows = append(rows, *row)
			return nil
		})
	}
	if err != nil {
		return
	}
	j := New(Options{FS: mounted(t, filestest.NewMemory()), Layout: usage.ExponentialLayout()})
	j.header.layout = j.options.Layout
	f := mustWriteRows(t, j, r.file.Period, rows)
	require.Equal(t, r.file.Sums, f.Sums)
	n := 0
	require.NoError(t, j.ReadHistory(f, func(row *usage.HistoryRow) error {
		require.Equal(t, identify(&rows[n]), identify(row))
		n++
		return nil
	}))
	require.Equal(t, r.file.Rows, n)
}
