package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/engine"
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

// open recovers dir and starts a run; fsys may be nil.
func open(dir string, fsys FS, layout *usage.Layout) (*world, error) {
	w := &world{schemas: &usage.Schemas{}, hasher: usage.NewHasher(), layout: layout}
	w.schema = w.schemas.Intern(usage.Endpoint, usage.BaseNames(usage.Endpoint))
	j, err := Open(Options{Directory: dir, Owner: "the test", Schemas: w.schemas, Layout: w.layout, FS: fsys})
	if err != nil {
		return nil, err
	}
	w.journal = j
	w.Engine = engine.New(engine.Options{Schemas: w.schemas, Hasher: w.hasher, Layout: w.layout, Journal: j.Append})
	if w.found, err = j.Recover(w.Engine); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	id := w.found.Identity
	if id.Writer == "" {
		id.Writer = "writer"
	}
	id.Epoch++
	if err := j.Start(id, time.Unix(0, 1), w.found.LayoutSince, w.Engine); err != nil {
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
	g, _ := b.Group(k.Bytes(), 3600)
	b.Add(usage.Record{Group: g, Duration: 1e6, Bucket: w.layout.Bucket(1e6)})
	return w.Commit(b, 0)
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

// faultFS lets the operation with number failAt fail, and with sticky every
// one after it. Half of a failing write is written: a torn frame.
type faultFS struct {
	FS
	ops, failAt int
	sticky      bool
}

var errFault = errors.New("injected fault")

func newFaultFS(t *testing.T, dir string, failAt int, sticky bool) *faultFS {
	t.Helper()
	d, err := openDirectory(dir)
	require.NoError(t, err)
	return &faultFS{FS: d, failAt: failAt, sticky: sticky}
}

func (f *faultFS) fails() error {
	f.ops++
	if f.ops == f.failAt || f.sticky && f.failAt > 0 && f.ops > f.failAt {
		return fmt.Errorf("operation %d: %w", f.ops, errFault)
	}
	return nil
}

func (f *faultFS) List() ([]fs.DirEntry, error) {
	if err := f.fails(); err != nil {
		return nil, err
	}
	return f.FS.List()
}

func (f *faultFS) Open(name string) (io.ReadCloser, error) {
	if err := f.fails(); err != nil {
		return nil, err
	}
	return f.FS.Open(name)
}

func (f *faultFS) Create(name string) (File, error) {
	if err := f.fails(); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name)
	return &faultFile{File: file, fs: f}, err
}

func (f *faultFS) Rename(from, to string) error {
	if err := f.fails(); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

func (f *faultFS) Remove(name string) error {
	if err := f.fails(); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *faultFS) Sync() error {
	if err := f.fails(); err != nil {
		return err
	}
	return f.FS.Sync()
}

type faultFile struct {
	File
	fs *faultFS
}

func (f *faultFile) Write(p []byte) (int, error) {
	if err := f.fs.fails(); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f *faultFile) Sync() error {
	if err := f.fs.fails(); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultFile) Close() error {
	err := f.File.Close()
	if fault := f.fs.fails(); fault != nil {
		return fault
	}
	return err
}

// stateFiles returns the names and contents of a directory, without the lock.
func stateFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	files := map[string]string{}
	for _, e := range entries {
		if e.Name() != lockName && e.Type().IsRegular() {
			content, err := os.ReadFile(dir + "/" + e.Name())
			require.NoError(t, err)
			files[e.Name()] = string(content)
		}
	}
	return files
}
