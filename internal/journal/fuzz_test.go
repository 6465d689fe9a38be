package journal

import (
	"bytes"
	"testing"
	"time"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// read recovers one file as it would be read from a directory, with checksums
// made right first: random damage is what they catch, this is for what they
// cannot.
func read(content []byte, snapshot bool) error {
	schemas := &usage.Schemas{}
	layout := usage.ExponentialLayout()
	target := engine.New(engine.Options{Schemas: schemas, Hasher: usage.NewHasher(), Layout: layout})
	j := &Journal{options: Options{Schemas: schemas, Layout: layout}}
	r := &recovery{journal: j, target: target}
	if snapshot {
		r.from = 1
		return r.snapshot(newFrameReader(snapshotName(1), bytes.NewReader(content)))
	}
	return r.journalFile(newFrameReader(journalName(1), bytes.NewReader(content)))
}

// repair makes the checksums of all frames right.
func repair(content []byte) []byte {
	out := bytes.Clone(content)
	for rest := out[min(preambleBytes, len(out)):]; len(rest) > frameHead; {
		size := int(rest[0]) | int(rest[1])<<8 | int(rest[2])<<16 | int(rest[3])<<24
		if size < 1 || size > len(rest)-frameHead {
			return out
		}
		endFrame(rest[:frameHead+size], 0)
		rest = rest[frameHead+size:]
	}
	return out
}

func FuzzRecover(f *testing.F) {
	dir := f.TempDir()
	w, err := open(dir, nil, usage.ExponentialLayout())
	if err != nil {
		f.Fatal(err)
	}
	w.count("GET /a")
	w.journal.Tick(usage.Moment{Wall: 5})
	w.count("GET /b")
	if _, err := w.cut(); err != nil {
		f.Fatal(err)
	}
	if err := w.journal.Snapshot(time.Unix(0, 1), w); err != nil {
		f.Fatal(err)
	}
	w.take("metrics", 2)
	w.done()
	w.count("GET /c")
	if _, err := w.cut(); err != nil {
		f.Fatal(err)
	}
	if err := w.journal.Close(); err != nil {
		f.Fatal(err)
	}
	d, err := files.Open(dir, "the test")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{snapshotName(2), journalName(2)} {
		file, err := d.Open(name)
		if err != nil {
			f.Fatal(err)
		}
		var content bytes.Buffer
		if _, err := content.ReadFrom(file); err != nil {
			f.Fatal(err)
		}
		f.Add(content.Bytes(), name == snapshotName(2))
	}
	f.Fuzz(func(_ *testing.T, content []byte, snapshot bool) {
		_ = read(content, snapshot)
		_ = read(repair(content), snapshot)
	})
}
