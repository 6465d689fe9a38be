package journal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Report is what Verify has found, by name of the file.
type Report struct{ Files []FileReport }

// FileReport is what was found in a file.
type FileReport struct {
	Name string
	// Kind is `journal`, `snapshot`, `dedup keys`, `window` or `history`.
	Kind   string
	Bytes  int64
	Frames int
	// Torn is how many bytes at the end of a journal are of a write that its process
	// did not survive.
	Torn int64
	// History is what a file of history holds; nil: it is another file, or damaged.
	History *usage.HistoryFile
	// Err is what is wrong; nil: nothing is.
	Err error
}

// Err is everything that is wrong; nil: nothing is.
func (r *Report) Err() error {
	var errs []error
	for i := range r.Files {
		errs = append(errs, r.Files[i].Err)
	}
	return errors.Join(errs...)
}

// Verify reads every file of a state directory to its end: all checksums have to be
// right and everything has to decode, files of history have to hold what they and the
// newest snapshot say, and files that this one refers to have to be there: of keys and of
// history, the journal that it continues in, and the window that is on its way by what
// both say. It changes nothing. What the numbers amount to is not looked at: that takes recovery. Memory is
// bounded by a frame, or by what is behind damage in a journal.
func Verify(fsys files.FS) (Report, error) {
	j := New(Options{FS: fsys, Schemas: &usage.Schemas{}, Layout: usage.ExponentialLayout()})
	found, err := j.list()
	if err != nil {
		return Report{}, err
	}
	sizes, err := sizesOf(fsys)
	if err != nil {
		return Report{}, err
	}
	v := verifier{journal: j}
	// The newest snapshot first: it says what others should be. Then journals, newest first.
	slices.SortStableFunc(found, func(a, b stateFile) int { return cmp.Compare(rank(a), rank(b)) })
	for _, f := range slices.Backward(found) {
		v.file(f, sizes[f.name])
	}
	v.missing()
	slices.SortFunc(v.report.Files, func(a, b FileReport) int { return cmp.Compare(a.Name, b.Name) })
	return v.report, nil
}

// rank puts snapshots last.
func rank(f stateFile) int {
	if f.kind == snapshotKind {
		return 1
	}
	return 0
}

func sizesOf(fsys files.FS) (map[string]int64, error) {
	entries, err := fsys.List()
	if err != nil {
		return nil, fmt.Errorf("list directory: %w", err)
	}
	sizes := map[string]int64{}
	for _, e := range entries {
		sizes[e.Name] = e.Size
	}
	return sizes, nil
}

// verifier reads one file after the other.
type verifier struct {
	journal *Journal
	report  Report
	newest  string // snapshot that is whole; empty: none was found yet
	// generation is that of the snapshot; keys and history are the files that it refers to.
	generation uint64
	keys       []usage.KeyFile
	history    map[uint64]usage.HistoryFile
	// onWay is the newest window that it, or a journal that continues it, tells of.
	onWay  usage.Window
	toldBy uint64 // generation of that journal; 0: the snapshot itself
}

func (v *verifier) file(f stateFile, size int64) {
	out := FileReport{Name: f.name, Kind: f.kind.String(), Bytes: size}
	r := &recovery{journal: v.journal, target: discard{}}
	out.Err = r.open(f.name, func(fr *frameReader) error {
		fr.whole = f.kind != journalKind
		err := v.read(f, fr, r, &out)
		if out.Frames = fr.frames; err == nil {
			out.Torn = fr.torn
		}
		return err
	})
	v.report.Files = append(v.report.Files, out)
}

func (v *verifier) read(f stateFile, fr *frameReader, r *recovery, out *FileReport) error {
	switch f.kind {
	case snapshotKind:
		return v.snapshot(fr, r)
	case keysKind:
		return v.keysFile(f, fr)
	case windowKind:
		return v.window(f, fr)
	case historyKind:
		return v.historyFile(f, fr, out)
	default:
		return v.journalFile(f, fr)
	}
}

// missing reports files that the newest snapshot refers to and that are not there.
func (v *verifier) missing() {
	names := map[string]fileKind{}
	for _, f := range v.keys {
		names[keysName(f.Number)] = keysKind
	}
	for number := range v.history {
		names[historyName(number)] = historyKind
	}
	if v.newest != "" {
		names[journalName(v.generation)] = journalKind
	}
	if v.onWay.Open() {
		names[windowName(v.onWay.Number)] = windowKind
	}
	for _, f := range v.report.Files {
		delete(names, f.Name)
	}
	for name, kind := range names {
		v.report.Files = append(v.report.Files, FileReport{
			Name: name, Kind: kind.String(), Err: fmt.Errorf("`%s` is missing, which `%s` refers to", name, v.newest),
		})
	}
}
