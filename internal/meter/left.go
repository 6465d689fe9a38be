package meter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/engine"
)

// leftName is a file that says of a state that its process went on without it: what
// was exported since is not in it, so that nobody may go on counting from there.
const leftName = "note.left"

// keptName is what it is called while the process keeps usage there.
const keptName = "note.kept"

// stopKeeping lets usage be kept in memory only.
func (m *Meter) stopKeeping(ctx context.Context, after PersistenceSettings) error {
	unlock, err := m.hold(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	s, k := m.store(), &m.keeping
	chunks, err := m.outbox.load(s)
	if err != nil {
		return fmt.Errorf("what is on its way to be exported cannot be read, and would be lost: %w", err)
	}
	err = nil
	if s.flush() != nil || m.unsaved > 0 {
		err = s.snapshot(m.engine)
	}
	err = errors.Join(err, s.part(), s.markLeft())
	m.outbox.chunks = chunks
	k.settings.Store(&after)
	k.now.Store(nil)
	m.journalTo()
	err = errors.Join(err, s.journal.Close())
	m.dropFiles(s)
	k.health.ended()
	if err != nil {
		k.record.failed(err)
		m.log.Error("Usage could not be written to its end before persistence was disabled: what is stored is older than what was counted", zap.Error(err))
	}
	return nil
}

// dropFiles forgets all files of history: nobody can read them any more.
func (m *Meter) dropFiles(s *store) {
	m.keeping.passed(s)
	m.relist = true
	list := m.engine.History()
	m.engine.DropFiles(numbersOf(list.Files))
	m.unsaved = 0
}

// part writes what is not written yet, of a place that the process goes on without.
// keeping.writing is held.
func (s *store) part() error {
	s.left.Store(true) // what fails now matters no more
	s.closed.Store(true)
	return s.journal.Flush()
}

// markLeft notes that the process goes on without this place. It is durable when it
// returns, and needs no space: the disk may be full, which is why one leaves.
func (s *store) markLeft() error {
	err := s.fs.Rename(keptName, leftName)
	if errors.Is(err, fs.ErrNotExist) {
		err = s.touch(leftName)
	}
	return errors.Join(err, s.fs.Sync())
}

// touch makes an empty file, unless it is there.
func (s *store) touch(name string) error {
	file, err := s.fs.Create(name)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close(), s.fs.Sync())
}

func (s *store) wasLeft() (bool, error) {
	file, err := s.fs.Open(leftName)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", s.options.Place, err)
	}
	s.log.Warn("The process that kept usage here went on without it, as its settings were changed at run time: all series begin anew")
	return true, file.Close()
}

// forgetLeft is called when everything is here. Should it fail, series begin anew at
// the next start for nothing, or a full disk cannot be left.
func (s *store) forgetLeft() {
	err := s.fs.Rename(leftName, keptName)
	if errors.Is(err, fs.ErrNotExist) {
		err = s.touch(keptName)
	} else if err == nil {
		err = s.fs.Sync()
	}
	if err != nil {
		s.log.Warn("The note that usage is kept here could not be written", zap.String("file", keptName), zap.Error(err))
	}
}

// endWindow ends a window that was on its way when the process went on without this
// state: it has handed it out since, or nobody will.
func (s *store) endWindow(e *engine.Engine) {
	if w := e.Window(); w.Open() {
		w.Close()
		e.SetWindow(&w)
	}
}
