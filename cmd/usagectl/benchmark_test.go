package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/cli"
	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/usage"
)

const (
	benchmarkDays   = 400
	benchmarkSeries = 1000
)

// BenchmarkReport reads the state directory of a year and more: the aim is a second for
// all of it, from the command line to the table.
func BenchmarkReport(b *testing.B) {
	dir := b.TempDir()
	writeDays(b, dir, benchmarkDays, benchmarkSeries)
	for _, bm := range []struct {
		name string
		args []string
	}{
		{"models", []string{"--by", "provider,model", "--order-by", "cost"}},
		{"top", []string{"--by", "provider", "--top", "10"}},
		{"days", []string{"--granularity", "day", "--by", "provider"}},
		{"csv", []string{"--by", "all", "--format", "csv"}},
		{"focus", []string{"--format", "focus"}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			args := append([]string{"report", "--directory", dir, "--since", "2026-01-01", "--until", "2027-02-04"}, bm.args...)
			for b.Loop() {
				out := &lines{}
				if code := cli.Run(b.Context(), environment(out), args); code != int(cli.Done) || out.count == 0 {
					b.Fatalf("exit code %d, %d lines", code, out.count)
				}
			}
		})
	}
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			out := &lines{}
			if code := cli.Run(b.Context(), environment(out), []string{"verify", dir}); code != int(cli.Done) {
				b.Fatalf("exit code %d", code)
			}
		}
	})
}

func environment(out *lines) *cli.Environment {
	return &cli.Environment{Out: out, Err: out, Getenv: func(string) string { return "" }, Now: time.Now}
}

// lines counts what is written and forgets it.
type lines struct{ count int }

func (l *lines) Write(p []byte) (int, error) {
	for _, c := range p {
		if c == '\n' {
			l.count++
		}
	}
	return len(p), nil
}

// writeDays writes the state of a collector that has counted the same every day.
func writeDays(b *testing.B, dir string, days, series int) {
	b.Helper()
	directory, err := files.Open(dir, "benchmark")
	if err != nil {
		b.Fatal(err)
	}
	schemas := &usage.Schemas{}
	layout := usage.ExponentialLayout()
	e := engine.New(engine.Options{Schemas: schemas, Hasher: usage.NewHasher(), Layout: layout})
	j := journal.New(journal.Options{FS: directory, Schemas: schemas, Layout: layout})
	_, err = j.Recover(e)
	if err == nil {
		err = j.Start(journal.Identity{Writer: "w", Epoch: 1, Secret: "s"}, time.Now(), 0, e)
	}
	if err != nil {
		b.Fatal(err)
	}
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rows := dayRows(schemas, series)
	var total usage.Measures
	for day := range days {
		start := first.AddDate(0, 0, day)
		f, err := j.WriteHistory(usage.Period{
			Granularity: usage.Daily, Start: start.Unix(), End: start.AddDate(0, 0, 1).Unix(),
		}, func(put func(*usage.HistoryRow) error) error {
			for i := range rows {
				if err := put(&rows[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		e.ReplaceFiles(nil, []usage.HistoryFile{f})
		for i := range rows {
			total.Add(&rows[i].Measures)
		}
	}
	// What history has was counted.
	retired := usage.Retired{Schema: rows[0].Schema, Values: rows[0].Values, Measures: total}
	if err := e.RestoreRetired(&retired); err != nil {
		b.Fatal(err)
	}
	if err := j.Snapshot(time.Now(), e); err != nil {
		b.Fatal(err)
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
}

func dayRows(schemas *usage.Schemas, series int) []usage.HistoryRow {
	schema := schemas.Intern(usage.Provider, usage.BaseNames(usage.Provider))
	rows := make([]usage.HistoryRow, series)
	for i := range rows {
		rows[i] = usage.HistoryRow{Schema: schema, Values: []string{
			fmt.Sprintf("service-%d", i%20), fmt.Sprintf("provider-%d", i%7), usage.GenAI, fmt.Sprintf("model-%d", i%100), fmt.Sprintf("operation-%d", i),
		}}
		m := &rows[i].Measures
		m.Requests = [usage.Outcomes]int64{1000, 3, 2, 1, 0}
		m.Tokens = [usage.TokenTypes]int64{100_000, 20_000, 1000, 30_000, int64(i)}
		m.Duration, m.TimeToFirstToken, m.CostPriced = 1e12, 1e11, 1e9+int64(i)
	}
	return rows
}
