package meter

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// bringHistory copies files of history. What was reset is left out; which hours are in
// days shows in the order of the numbers.
func (v *move) bringHistory(ctx context.Context) error {
	if v.from == nil {
		return nil
	}
	files := slices.SortedFunc(slices.Values(v.list.Files), func(a, b usage.HistoryFile) int { return cmp.Compare(a.Number, b.Number) })
	var added []usage.HistoryFile
	for i := range files {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		f, err := v.copyFile(&files[i])
		if damaged := (*journal.CorruptError)(nil); errors.As(err, &damaged) && damaged.File == journal.HistoryName(files[i].Number) {
			v.meter.setAside(&files[i], damaged)
			v.list = v.meter.engine.History()
			v.brought = numbersOf(v.list.Files)
			continue
		}
		if err != nil {
			return err
		}
		added = append(added, f)
	}
	v.meter.engine.ReplaceFiles(numbersOf(files), added)
	v.brought = numbersOf(added)
	return nil
}

func (v *move) copyFile(f *usage.HistoryFile) (usage.HistoryFile, error) {
	return v.to.journal.WriteHistory(f.Period, func(put func(*usage.HistoryRow) error) error {
		return v.from.journal.ReadHistory(*f, func(row *usage.HistoryRow) error {
			if v.list.Masks(f, row) {
				return nil
			}
			return put(row)
		})
	})
}

// bringWindow writes the window that is on its way to a file of the new place. Nobody
// is told of its number there before it is the only one.
func (v *move) bringWindow(ctx context.Context) error {
	if !v.window.Open() {
		return nil
	}
	chunks, err := v.meter.outbox.reader(v.from, v.window.Number)
	if err != nil {
		return err
	}
	window := v.window.Clone()
	window.Number, err = v.to.journal.WriteWindow(func(put func([]usage.Row, []byte) error) error {
		return eachChunk(chunks, func(data []byte) error { return errors.Join(context.Cause(ctx), put(nil, data)) })
	})
	if err := errors.Join(err, chunks.Close()); err != nil {
		return err
	}
	v.meter.engine.ReplayWindow(&window)
	return nil
}

// load reads the window that is on its way into memory; mu is held.
func (o *outbox) load(s *store) (list [][]byte, err error) {
	w := o.meter.engine.Window()
	if !w.Open() {
		return nil, nil
	}
	chunks, err := o.reader(s, w.Number)
	if err != nil {
		return nil, err
	}
	err = eachChunk(chunks, func(data []byte) error {
		list = append(list, slices.Clone(data))
		return nil
	})
	return list, errors.Join(err, chunks.Close())
}

func eachChunk(chunks chunkReader, visit func([]byte) error) error {
	for {
		data, err := chunks.Data()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = visit(data)
		}
		if err != nil {
			return err
		}
	}
}
