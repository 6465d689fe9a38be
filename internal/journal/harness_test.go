package journal

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/engine/dedup"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// world is an engine on a journal, as a meter has them.
type world struct {
	*engine.Engine
	journal *Journal
	schemas *usage.Schemas
	schema  *usage.Schema
	hasher  usage.Hasher
	layout  *usage.Layout
	found   Recovered
}

// open recovers dir and starts a run, unless anything is damaged; fsys may be nil.
func open(dir string, fsys files.FS, layout *usage.Layout) (*world, error) {
	return openAs(dir, fsys, layout, false)
}

// openDamaged goes on from what is valid.
func openDamaged(t *testing.T, dir string) *world {
	t.Helper()
	w, err := openAs(dir, nil, usage.ExponentialLayout(), true)
	require.NoError(t, err)
	return w
}

func openAs(dir string, fsys files.FS, layout *usage.Layout, quarantine bool) (*world, error) {
	w, err := recoverOnly(dir, fsys, layout)
	if err != nil {
		return nil, err
	}
	if !quarantine && len(w.found.Damage) > 0 {
		return nil, errors.Join(errors.Join(w.found.Damage...), w.journal.Close())
	}
	if w.found.Lost {
		w.Retire()
	}
	w.BeginExpiry(w.found.Moment)
	id := w.found.Identity
	if id.Writer == "" {
		id.Writer = "writer"
	}
	id.Epoch++
	if err := w.journal.Start(id, time.Unix(0, 1), w.found.LayoutSince, w.Engine); err != nil {
		return nil, errors.Join(err, w.journal.Close())
	}
	return w, nil
}

// recoverOnly reads dir and starts nothing.
func recoverOnly(dir string, fsys files.FS, layout *usage.Layout) (*world, error) {
	w := &world{schemas: &usage.Schemas{}, hasher: usage.NewHasher(), layout: layout}
	w.schema = w.schemas.Intern(usage.Endpoint, usage.BaseNames(usage.Endpoint))
	if fsys == nil {
		d, err := files.Open(dir, "the test")
		if err != nil {
			return nil, err
		}
		fsys = d
	}
	j := New(Options{Schemas: w.schemas, Layout: w.layout, FS: fsys})
	w.journal = j
	w.Engine = engine.New(engine.Options{
		Schemas: w.schemas, Hasher: w.hasher, Layout: w.layout, Journal: j.Append, JournalWindow: j.AppendWindow,
		Since: 1e9,
		Budgets: []engine.Budget{{
			Name: "all", Definition: "requests a day", Measure: usage.BudgetRequests, Period: usage.BudgetDay,
			Covers: func(*usage.Schema, []string) bool { return true },
		}},
		Dedup:     dedup.New(dedup.Options{Minutes: 10, MaxBytes: 1 << 20}),
		Retention: int64(100 * time.Minute), SessionTTL: int64(time.Hour), MaxSessions: 10_000,
	})
	var err error
	if w.found, err = j.Recover(w.Engine); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return w, nil
}

func mustOpen(t *testing.T, dir string) *world {
	t.Helper()
	w, err := open(dir, nil, usage.ExponentialLayout())
	require.NoError(t, err)
	return w
}

// count commits one request to an endpoint and returns its sequence number.
func (w *world) count(name string) uint64 {
	var k usage.KeyBuilder
	k.Reset(w.schema)
	for _, v := range []string{"service", "http", name} {
		k.Value(v)
	}
	b := usage.NewBatch(w.hasher)
	g, _ := b.Group(k.Bytes(), 3600, 0)
	b.Add(usage.Record{Group: g, Duration: 1e6, Bucket: w.layout.Bucket(1e6)}, 0)
	return w.Commit(b, usage.Moment{})
}

func (w *world) rows() []usage.Row {
	rows, _, _ := w.Rows(nil, 0, 1<<20)
	return rows
}

// requests is how many requests all series have.
func (w *world) requests() int64 {
	var n int64
	for _, r := range w.rows() {
		n += r.TotalRequests()
	}
	return n
}

// stateFiles returns the names and contents of a directory, without the lock.
func stateFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	contents := map[string]string{}
	for _, e := range entries {
		if e.Name() != files.LockName && e.Type().IsRegular() {
			content, err := os.ReadFile(dir + "/" + e.Name())
			require.NoError(t, err)
			contents[e.Name()] = string(content)
		}
	}
	return contents
}
