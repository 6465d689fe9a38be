package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// readFiles reads every file of a state directory to its end and says what was found.
func (e *Environment) readFiles(ctx context.Context, path string) (report journal.Report, err error) {
	directory, err := files.OpenToRead(path)
	if err != nil {
		return report, &openError{err: err}
	}
	defer func() { err = errors.Join(err, directory.Close()) }()
	size, err := sizeOf(directory)
	if err != nil {
		return report, &openError{err: err}
	}
	bar := e.progress("verify", size, show.Bytes)
	defer bar.End()
	report, err = journal.Verify(journal.ReadOnly(&watchedFiles{FS: directory, ctx: ctx, bar: bar}))
	switch {
	case ctx.Err() != nil:
		return report, ctx.Err()
	case err != nil:
		return report, &openError{err: err}
	case len(report.Files) == 0:
		return report, &openError{err: fmt.Errorf("`%s` holds no state of a usage processor", path)}
	}
	return report, newer(&report)
}

// newer is an error if nothing is wrong but that a later build has written: that is no
// damage.
func newer(report *journal.Report) error {
	var later *journal.NewerError
	for i := range report.Files {
		if err := report.Files[i].Err; err != nil && !errors.As(err, &later) {
			return nil
		}
	}
	if later == nil {
		return nil
	}
	return &openError{err: later}
}

// sizeOf is how many bytes the files have that something may be read from.
func sizeOf(directory files.FS) (size int64, err error) {
	entries, err := directory.List()
	for _, entry := range entries {
		size += entry.Size
	}
	return size, err
}

// watchedFiles show how far reading is, which ends when the user wants.
type watchedFiles struct {
	files.FS
	ctx context.Context
	bar *show.Progress
}

// Open is files.FS's.
func (w *watchedFiles) Open(name string) (io.ReadCloser, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	file, err := w.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &watchedFile{ReadCloser: file, of: w}, nil
}

type watchedFile struct {
	io.ReadCloser
	of *watchedFiles
}

func (f *watchedFile) Read(p []byte) (int, error) {
	if err := f.of.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := f.ReadCloser.Read(p)
	f.of.bar.Add(int64(n))
	return n, err
}

// fileKinds sums files up by kind, in the order of the alphabet.
func fileKinds(report *journal.Report) []fileKind {
	var kinds []fileKind
	for i := range report.Files {
		f := &report.Files[i]
		at := slices.IndexFunc(kinds, func(k fileKind) bool { return k.name == f.Kind })
		if at < 0 {
			at = len(kinds)
			kinds = append(kinds, fileKind{name: f.Kind})
		}
		k := &kinds[at]
		k.files++
		k.bytes += f.Bytes
		k.torn += f.Torn
		if f.Err != nil {
			k.damaged++
		}
	}
	slices.SortFunc(kinds, func(a, b fileKind) int { return strings.Compare(a.name, b.name) })
	return kinds
}

// fileKind is all files of a kind.
type fileKind struct {
	name           string
	files, damaged int64
	bytes, torn    int64
}
