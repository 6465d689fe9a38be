package meter

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// found is the state that was in a place before this process keeps its own there.
type found struct {
	*move
	journal.Recovered
	engine *engine.Engine
}

// look reads what there is and makes it ready for the state of this process.
func (v *move) look(ctx context.Context) (*found, error) {
	m := v.meter
	f := &found{move: v, engine: engine.New(engine.Options{
		Schemas: m.schemas, Hasher: usage.NewHasher(), Layout: m.options.Layout,
		Limits: engine.Limits{MaxSeries: m.options.MaxSeries}, Calendar: m.options.History.calendar(),
	})}
	var err error
	f.Recovered, err = v.to.journal.Recover(f.engine)
	if err == nil && v.to.options.KeepDamaged {
		err = errors.Join(f.Damage...)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be used as it is and was left so: %w", v.to.options.Place, err)
	}
	v.to.journal.Adopt(m.keeping.self.Identity, m.keeping.self.layoutSince, &v.list)
	v.to.journal.PassHistoryNumber(m.keeping.numbered)
	return f, context.Cause(ctx)
}

// own says whether this process has left the state here.
func (f *found) own() bool {
	self := &f.meter.keeping.self
	return f.Writer == self.Writer && f.Epoch == self.Epoch
}

// take takes over what was found: of this process only files of history, as everything
// else is in memory.
func (f *found) take(ctx context.Context) error {
	switch {
	case f.own():
		f.takeFiles()
		return nil
	case f.Writer == "":
		f.to.report(f.Recovered)
		return nil
	}
	f.to.report(f.Recovered)
	return f.takeState(ctx)
}

// takeFiles lists files again that were dropped when persistence was disabled, with the
// resets before that, of which they do not know. If something was reset since, nobody
// knows how much of it they have: they stay away.
func (f *found) takeFiles() {
	if !f.meter.relist {
		return
	}
	e, list := f.meter.engine, f.engine.History()
	now, sums := e.History(), list.Sums()
	for kind := range sums {
		less := sums[kind]
		less.Subtract(&now.Gone[kind])
		if f.from != nil || now.Inexact || less.Any() {
			return
		}
	}
	e.ListFiles(list)
}

// takeState adds what another process had counted to retired rows and to history. As
// with Import, of each series of each writer the most that is known counts.
func (f *found) takeState(ctx context.Context) error {
	m := f.meter
	d, err := f.document(ctx)
	if err != nil {
		return err
	}
	i, err := f.compare(d)
	if err != nil {
		return err
	}
	if err := i.toFiles(ctx, f.to); err != nil {
		return err
	}
	m.keeping.record.read()
	m.log.Info("Usage that another process had kept here was taken over: it is in totals and history, and is not exported",
		zap.String("place", f.to.options.Place), zap.String("writer", f.Writer), zap.Uint64("epoch", f.Epoch), zap.Int("rows", i.merged.Added))
	return nil
}

// compare finds out what is new in a state. One of this writer, of another process, is
// compared with everything there is; other ones with what was imported of them.
func (f *found) compare(d *document) (*importing, error) {
	m := f.meter
	if f.Writer == m.keeping.self.Writer {
		i := m.newImportOf(d, m.everything(d.schemas))
		i.highest = importedOf(f.engine)
		return i, nil
	}
	if err := m.refuseOverlap(d); err != nil {
		return nil, err
	}
	i := m.newImport(d)
	i.highest = append(i.highest, d.marks()...)
	return i, nil
}

// everything is what is counted, by identity, in the words of some schemas.
func (m *Meter) everything(schemas *usage.Schemas) map[string]usage.Measures {
	sum := usage.NewMerger(schemas, 0)
	view := &View{engine: m.engine}
	view.Live(func(r *usage.Row) bool {
		sum.Add(baseRow(&usage.HistoryRow{Schema: r.Schema, Values: r.Values, Measures: r.Measures}))
		return true
	})
	view.Retired(func(r *usage.Retired) bool {
		sum.Add(baseRow(&usage.HistoryRow{Schema: r.Schema, Values: r.Values, Measures: r.Measures}))
		return true
	})
	known := map[string]usage.Measures{}
	for _, row := range sum.Rows() {
		known[identityOf(&row)] = row.Measures
	}
	return known
}

func importedOf(e *engine.Engine) (list []usage.Imported) {
	eachImported(e, func(i *usage.Imported) { list = append(list, *i) })
	return list
}
