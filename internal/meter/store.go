package meter

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/usage"
)

const (
	// maxPending is how much of the journal waits in memory at most, whatever
	// the durability: writing early is never wrong.
	maxPending = 1 << 20
	// A snapshot is due when the journal is larger than journalFactor times the
	// last one, but not before minJournal.
	minJournal    = 16 << 20
	journalFactor = 4
)

// store keeps a meter's commits in one place.
type store struct {
	fs        files.FS
	journal   *journal.Journal
	options   Persistence
	log       *zap.Logger
	telemetry *telemetry
	health    *health
	record    *record

	closed atomic.Bool // set before the last flush
	left   atomic.Bool // another one, or none, has taken its place
	// bound is the size of the journal at which it is shortened; due says that it was
	// passed.
	bound   atomic.Int64
	due     chan struct{}
	unfiled bool // whether the log says that keys get no file
}

// openStore takes a place where state is kept, that of the configuration or the one of
// a name below it; nothing is changed in it yet.
func (m *Meter) openStore(name string) (*store, error) {
	o := m.options.Persistence
	fs, err := o.open(name, m.owner())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Place, err)
	}
	kept, k := *o, &m.keeping
	if name != "" {
		kept.Place += fmt.Sprintf(", %s `%s`", keyFilePath, name)
	}
	return &store{
		fs: fs, journal: journal.New(journal.Options{FS: fs, Schemas: m.schemas, Layout: m.options.Layout}),
		options: kept, log: m.log, telemetry: m.telemetry, health: k.health, record: &k.record, due: k.due,
	}, nil
}

// owner is how the lock names this meter to whoever comes second.
func (m *Meter) owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = usage.Unknown
	}
	return fmt.Sprintf("processor `%s` of process %d on %s since %s", m.id, os.Getpid(), host, now().UTC().Format(time.RFC3339))
}

// acknowledge returns nil when commits up to seq are as durable as promised.
// While they cannot be written, metering goes on in memory or, if it is to be
// refused, the batch has to be sent again: its keys are committed with it, so
// that it does not count again.
func (s *store) acknowledge(seq uint64) error {
	err := s.harden(seq)
	if s.journal.Size() > s.bound.Load() {
		wake(s.due)
	}
	if errors.Is(err, journal.ErrClosed) {
		return ErrNotOpen
	}
	if err != nil {
		s.failed(err)
	}
	if err != nil && s.options.Refuse {
		return fmt.Errorf("usage could not be written: %w", err)
	}
	return nil
}

// harden makes commits up to seq as durable as promised.
func (s *store) harden(seq uint64) error {
	switch {
	case s.options.Durability == Sync:
		return s.journal.Sync(seq)
	case s.options.Durability == Write || s.journal.Pending() >= maxPending || s.closed.Load():
		return s.journal.Write(seq)
	default:
		return nil
	}
}

// admit refuses data while it could not be kept, if that is asked for.
func (s *store) admit() error {
	if !s.options.Refuse || !s.health.failing.Load() {
		return nil
	}
	return errors.New("usage cannot be written at the moment (`persistence.on_error` is `refuse`): try again")
}

// flush makes everything committed so far durable.
func (s *store) flush() error {
	begin := now()
	err := s.journal.Flush()
	s.telemetry.flushed(now().Sub(begin))
	if errors.Is(err, journal.ErrClosed) {
		return err // whoever took the store just before it was left asks the next one
	}
	if err != nil {
		s.failed(err)
		return err
	}
	s.record.wrote()
	return nil
}

// failed notes that something could not be written, unless another store has taken over.
func (s *store) failed(err error) {
	if s.left.Load() {
		return
	}
	s.telemetry.flushFailed()
	s.health.failed(err, &s.left)
	s.record.failed(err)
}

// tick is what happens each persistence.interval: flush, then cure a broken
// journal or shorten a long one, both by a snapshot, and says whether there is a new
// one. keeping.writing is held.
func (s *store) tick(src journal.Source) (saved bool) {
	err := s.flush()
	if err == nil && s.journal.Size() <= s.bound.Load() {
		s.health.recovered()
		return false
	}
	snapshot := s.snapshot(src)
	s.setBound(snapshot != nil)
	if err = s.journal.Flush(); err != nil {
		s.failed(errors.Join(err, snapshot))
		return snapshot == nil
	}
	s.health.recovered()
	if snapshot != nil {
		s.log.Warn("A snapshot failed; usage is safe in the journal, which goes on growing", zap.Error(snapshot))
	}
	return snapshot == nil
}

// snapshot writes everything there is. keeping.writing is held.
func (s *store) snapshot(src journal.Source) error {
	begin := now()
	defer func() { s.telemetry.snapshotTaken(now().Sub(begin)) }()
	return s.journal.Snapshot(begin, src)
}

// setBound says how long the journal may become: some times the snapshot or, if
// it could not be shortened, so much more.
func (s *store) setBound(more bool) {
	bound := max(minJournal, journalFactor*s.journal.SnapshotSize())
	if more {
		bound += s.journal.Size()
	}
	s.bound.Store(bound)
}

// close makes one last attempt to write what is only in memory, and unlocks.
// keeping.writing is held.
func (s *store) close(src journal.Source) error {
	s.closed.Store(true)
	var err error
	if s.flush() != nil {
		err = s.snapshot(src)
	}
	if err = errors.Join(err, s.journal.Close()); err != nil {
		return fmt.Errorf("last flush of usage to %s: %w", s.options.Place, err)
	}
	return nil
}
