package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// HistoryName is the name of a file of history, as errors have it.
func HistoryName(number uint64) string { return historyName(number) }

// StoredLayout is the layout of the newest snapshot or journal that has one, nil if there
// is none.
func StoredLayout(fsys files.FS) (*usage.Layout, error) {
	j := New(Options{FS: fsys, Schemas: &usage.Schemas{}})
	found, err := j.list()
	if err != nil {
		return nil, err
	}
	r := &recovery{journal: j}
	for _, f := range slices.Backward(found) {
		if f.kind != snapshotKind && f.kind != journalKind {
			continue
		}
		var layout *usage.Layout
		err := r.open(f.name, func(fr *frameReader) error {
			h, err := fr.readPreamble(f.kind.magic())
			layout = h.layout
			return err
		})
		if newer := (*NewerError)(nil); errors.As(err, &newer) {
			return nil, err
		}
		if err == nil {
			return layout, nil
		}
	}
	return nil, nil //nolint:nilnil // nil is what "none" is called above
}

// ReadOnly lets a journal recover from an FS without changing anything: what would be
// removed first, because it was never finished, does not show.
func ReadOnly(fsys files.FS) files.FS { return readOnly{fsys} }

type readOnly struct{ files.FS }

func (r readOnly) List() ([]files.Entry, error) {
	entries, err := r.FS.List()
	return slices.DeleteFunc(entries, func(e files.Entry) bool { return strings.HasSuffix(e.Name, tempSuffix) }), err
}

func refused(name string) error {
	return fmt.Errorf("`%s` is not changed: %w", name, fs.ErrPermission)
}

func (readOnly) Create(name string) (files.File, error) { return nil, refused(name) }

func (readOnly) Rename(from, _ string) error { return refused(from) }

func (readOnly) Remove(name string) error { return refused(name) }

func (readOnly) Quarantine(name string) (string, error) { return "", refused(name) }

func (readOnly) Sync() error { return nil }
