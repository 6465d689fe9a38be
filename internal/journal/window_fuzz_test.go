package journal

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// readWindow reads a file as the window 1, in both ways, into an engine that has
// its series.
func readWindow(content []byte) {
	schemas := &usage.Schemas{}
	target := engine.New(engine.Options{Schemas: schemas, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout()})
	j := &Journal{options: Options{Schemas: schemas, Layout: usage.ExponentialLayout()}}
	rec := &recovery{journal: j, target: target, window: usage.Window{Number: 1, Chunks: maxChunks}}
	_ = rec.wholeWindow(newFrameReader(windowName(1), bytes.NewReader(content)))

	r := &WindowReader{frames: newFrameReader(windowName(1), bytes.NewReader(content)), file: io.NopCloser(nil)}
	h, err := r.frames.readWindowHeader(1)
	r.decoder = newDecoder(h.version, schemas)
	for err == nil {
		var changes []usage.Row
		if changes, err = r.Changes(); err != nil {
			return
		}
		for i := range changes {
			row := changes[i]
			row.Reported = nil
			_ = target.Restore(&row)
		}
		_ = target.Report(changes, 1)
		_, _, _ = target.Changes(nil, 0, 1000)
	}
}

// FuzzWindow reads windows that were changed, with checksums made right too.
func FuzzWindow(f *testing.F) {
	dir := f.TempDir()
	w, err := open(dir, nil, usage.ExponentialLayout())
	if err != nil {
		f.Fatal(err)
	}
	w.count("GET /a")
	w.infer()
	if _, err := w.cut(); err != nil {
		f.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, windowName(1)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Fuzz(func(_ *testing.T, content []byte) {
		readWindow(content)
		readWindow(repair(content))
	})
}
