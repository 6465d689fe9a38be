package meter

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// inMemory is how long hours are kept when nothing is kept on disk.
const inMemory = 48 * time.Hour

// keepHistory does what has become due: hours that are over get a file, or leave memory
// where there are no files; days that are over are made of their hours; what is old
// enough is dropped. Nothing of it is journalled: it counts, all at once, when a
// snapshot says so. A process that dies before finds hours and files as they were, and
// does it again.
func (m *Meter) keepHistory() {
	m.keeping.writing.Lock()
	defer m.keeping.writing.Unlock()
	// Whoever shows all of it comes first: the next time is soon enough.
	if m.failing() || !m.steady.TryLock() {
		return
	}
	defer m.steady.Unlock()
	at, s := time.Unix(0, m.clock.moment().Wall), m.store()
	if s == nil {
		m.engine.CloseHours(at.UnixNano())
		m.engine.DropHours(at.Add(-inMemory).Unix())
		return
	}
	err := (&keeper{meter: m, store: s, at: at, budget: filesPerUpkeep}).keep()
	if err == nil && m.unsaved > 0 {
		err = m.saveHistory()
	}
	if err != nil {
		m.historyFailed(err)
	}
}

// saveHistory makes changes of the list of files last, if it is kept. keeping.writing is
// held.
func (m *Meter) saveHistory() error {
	s := m.store()
	if s == nil {
		return nil
	}
	err := s.snapshot(m.engine)
	s.setBound(err != nil)
	if err == nil {
		m.saved()
	}
	return err
}

// owe says how many snapshots have to be written yet, at least: one has what no journal
// has, and of two either may be damaged. keeping.writing is held.
func (m *Meter) owe(snapshots int) { m.unsaved = max(m.unsaved, snapshots) }

// saved notes that a snapshot was written. keeping.writing is held.
func (m *Meter) saved() { m.unsaved = max(m.unsaved-1, 0) }

// saveAll writes all snapshots that are owed. keeping.writing is held.
func (m *Meter) saveAll() (err error) {
	for m.unsaved > 0 && m.store() != nil && err == nil {
		err = m.saveHistory()
	}
	return err
}

// historyFailed says so once a minute: nothing is lost, and it is tried again.
func (m *Meter) historyFailed(err error) {
	m.telemetry.historyFailed()
	if m.warned.history.due(m.clock.moment().Age) {
		m.log.Warn("History could not be written: hours stay in memory and files as they are until it can be", zap.Error(err))
	}
}

// files reads history.
func (m *Meter) files() historyReader { return historyFiles{meter: m} }

// historyFiles reads from where usage is kept at the moment.
type historyFiles struct{ meter *Meter }

// ReadHistory calls visit with the rows of a file. One of a place that was left is gone:
// none that comes later gives a file a number that was given there.
func (h historyFiles) ReadHistory(f usage.HistoryFile, visit func(*usage.HistoryRow) error) error {
	s := h.meter.store()
	if s == nil {
		return fs.ErrNotExist
	}
	visited := false
	err := s.journal.ReadHistory(f, func(row *usage.HistoryRow) error {
		visited = true
		return visit(row)
	})
	if err != nil && !visited && h.meter.store() != s {
		return fs.ErrNotExist
	}
	return err
}

// noteDamage returns an error of a file that was read. One that is damaged is no part of
// history any more: what it held stays in the totals.
func (m *Meter) noteDamage(f *usage.HistoryFile, err error) error {
	damaged := (*journal.CorruptError)(nil)
	if !errors.As(err, &damaged) {
		return err
	}
	// Whoever reads it next finds the same.
	if !m.steady.TryLock() {
		return err
	}
	defer m.steady.Unlock()
	m.keeping.writing.Lock()
	defer m.keeping.writing.Unlock()
	m.setAside(f, damaged)
	return err
}

// alone waits until nobody shows all that was counted, and keeps everybody from doing so
// and from writing until unlock is called. Whoever just waited for the lock would keep
// those out who only look: a document may take long.
func (m *Meter) alone() (unlock func()) {
	for !m.steady.TryLock() {
		_ = wait(context.Background(), holdRetry) // it has no end but that of the pause
	}
	m.keeping.writing.Lock()
	return func() {
		m.keeping.writing.Unlock()
		m.steady.Unlock()
	}
}

// setAside takes a damaged file off the list; the next snapshot moves it to the
// quarantine. One that is not the same any more may be whole. keeping.writing is held.
func (m *Meter) setAside(read *usage.HistoryFile, damaged *journal.CorruptError) {
	list := m.engine.History()
	for i := range list.Files {
		if f := &list.Files[i]; *f == *read && journal.HistoryName(f.Number) == damaged.File {
			m.dropFile(f, &list)
			m.telemetry.historyDamaged()
			m.log.Error("A file of history is damaged and is moved to `quarantine`: its usage stays in the totals", zap.String("granularity", f.Granularity.String()),
				zap.Time("start", time.Unix(f.Start, 0)), zap.Error(damaged))
		}
	}
}

// dropFile drops a file.
func (m *Meter) dropFile(f *usage.HistoryFile, list *usage.History) {
	if list.Rolled(f) {
		m.engine.ReplaceFiles([]uint64{f.Number}, nil)
	} else {
		m.engine.DropFiles([]uint64{f.Number})
	}
	m.owe(1)
}
