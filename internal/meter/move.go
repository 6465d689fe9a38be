package meter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// move lets one store take the place of another one, or of none. Everything is in the
// new one before anything is said of it: until then commits go to both, and what is
// acknowledged and exported is durable in the old one.
type move struct {
	meter    *Meter
	from, to *store        // from is nil when nothing was kept
	list     usage.History // of files, and the window, as they were
	window   usage.Window
	// brought are the numbers of files whose rows were in history before.
	brought []uint64
}

// moveTo keeps usage where settings say.
func (m *Meter) moveTo(ctx context.Context, after PersistenceSettings) error {
	unlock, err := m.hold(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	to, err := m.openStore(after.FilePath)
	if err != nil {
		return err
	}
	v := &move{meter: m, from: m.store(), to: to, list: m.engine.History(), window: m.engine.Window()}
	v.brought = numbersOf(v.list.Files)
	if err := v.run(ctx); err != nil {
		v.undo()
		return errors.Join(err, to.journal.Close())
	}
	v.finish(after)
	return nil
}

// hold waits until nobody reads all of history, and keeps everybody from exporting and
// from writing until unlock is called.
func (m *Meter) hold(ctx context.Context) (unlock func(), err error) {
	// Whoever waits for this lock keeps new readers out: a document may take long.
	for !m.steady.TryLock() {
		if err := wait(ctx, holdRetry); err != nil {
			return nil, err
		}
	}
	m.outbox.mu.Lock()
	m.keeping.writing.Lock()
	return func() {
		m.keeping.writing.Unlock()
		m.outbox.mu.Unlock()
		m.steady.Unlock()
	}, nil
}

const holdRetry = 10 * time.Millisecond

func (v *move) run(ctx context.Context) error {
	found, err := v.look(ctx)
	if err != nil {
		return err
	}
	m := v.meter
	for _, step := range []func(context.Context) error{v.bringHistory, v.bringWindow, found.take} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("%s: %w", v.to.options.Place, err)
		}
	}
	// They are in files of the other place: the snapshot has to have them.
	m.engine.UnfileKeys()
	m.journalTo(v.from, v.to)
	window := m.engine.Window()
	v.to.journal.Follow(m.engine.Stats().Seq, &window)
	return v.to.start(m.keeping.self.Identity, now(), m.keeping.self.layoutSince, m.engine)
}

// undo leaves everything as it was. What was found of another process stays in the
// totals, and is not taken over again.
func (v *move) undo() {
	e := v.meter.engine
	v.meter.journalTo(v.from)
	e.ReplayWindow(&v.window)
	added := slices.DeleteFunc(numbersOf(e.History().Files), func(n uint64) bool { return slices.Contains(v.brought, n) })
	e.DropFiles(added)
	e.RevertFiles(v.list)
	// That of another process is in no journal.
	v.meter.owe(2)
}

// finish lets the new store count.
func (v *move) finish(after PersistenceSettings) {
	m, k := v.meter, &v.meter.keeping
	var marked error
	if v.from != nil {
		// Whoever dies from here on must not be followed by somebody who goes on in the
		// old place: the new one alone is asked whether commits are durable.
		marked = v.from.markLeft()
	}
	k.settings.Store(&after)
	k.now.Store(v.to)
	// What was acknowledged before by the old store alone was given to both.
	failed := v.to.journal.Flush()
	if failed == nil {
		v.to.forgetLeft()
	}
	if v.from != nil {
		k.passed(v.from)
		v.leave(marked)
	}
	k.health.ended()
	// With a second snapshot one of the two may be damaged.
	m.outbox.chunks, m.unsaved, m.relist = nil, 1, false
	if failed != nil {
		v.to.failed(failed)
		return
	}
	k.record.wrote()
}

// leave lets go of the old store. Commits go to the new one alone after everybody asks
// it whether they are durable.
func (v *move) leave(marked error) {
	v.meter.keeping.record.notLeft(marked)
	err := errors.Join(marked, v.from.part())
	v.meter.journalTo(v.to)
	if err = errors.Join(err, v.from.journal.Close()); err != nil {
		v.meter.log.Warn("The state that was left could not be written to its end; everything is in the new place", zap.Error(err))
	}
}

// journalTo gives commits and changes of the window to some stores, in order.
func (m *Meter) journalTo(stores ...*store) {
	var to []*journal.Journal
	for _, s := range stores {
		if s != nil {
			to = append(to, s.journal)
		}
	}
	switch len(to) {
	case 0:
		m.engine.SetJournal(nil, nil)
	case 1:
		m.engine.SetJournal(to[0].Append, to[0].AppendWindow)
	default:
		m.engine.SetJournal(func(c *usage.Commit) {
			for _, j := range to {
				j.Append(c)
			}
		}, func(w *usage.Window) {
			for _, j := range to {
				j.AppendWindow(w)
			}
		})
	}
}
