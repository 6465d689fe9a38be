package meter

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/journal"
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

// origin says as whom a meter exports.
type origin struct {
	writer      string
	layoutSince int64 // Unix ns
}

// store keeps a meter's commits in a directory.
type store struct {
	journal   *journal.Journal
	options   Persistence
	log       *zap.Logger
	telemetry *telemetry

	closed atomic.Bool // set before the last flush

	mu      sync.Mutex // guards failing
	failing bool       // whether the log says that the directory fails
}

// openStore locks the directory; nothing is written to it but the lock.
func openStore(set Settings, o Options, schemas *usage.Schemas) (*store, error) {
	host, err := os.Hostname()
	if err != nil {
		host = usage.Unknown
	}
	fs, err := o.Persistence.Open(fmt.Sprintf("processor `%s` of process %d on %s since %s", set.ID, os.Getpid(), host, now().UTC().Format(time.RFC3339)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Persistence.Place, err)
	}
	j := journal.New(journal.Options{FS: fs, Schemas: schemas, Layout: o.Layout})
	return &store{journal: j, options: *o.Persistence, log: set.Telemetry.Logger}, nil
}

// recover reads what is stored into the engine and begins a new epoch.
func (s *store) recover(e *engine.Engine) (origin, error) {
	found, err := s.journal.Recover(e)
	if err != nil {
		return origin{}, fmt.Errorf("%s cannot be used as it is and was left so: %w", s.options.Place, err)
	}
	s.report(found)
	started := now()
	if found.Writer == "" {
		found.Writer = uuid.NewString()
	}
	// Nothing may be given a time before one that was given out already.
	e.Tick(found.Time)
	if found.Relaid {
		found.LayoutSince = e.Tick(started.UnixNano())
	}
	found.Epoch++
	if err := s.journal.Start(found.Identity, started, found.LayoutSince, e); err != nil {
		return origin{}, fmt.Errorf("%s: %w", s.options.Place, err)
	}
	stats := e.Stats()
	s.log.Info("Usage is kept on disk", zap.String("place", s.options.Place), zap.String("writer", found.Writer),
		zap.Uint64("epoch", found.Epoch), zap.Int64("records", stats.Ledger[usage.Counted]),
		zap.Int("endpoint_series", stats.Series[usage.Endpoint]), zap.Int("provider_series", stats.Series[usage.Provider]))
	return origin{writer: found.Writer, layoutSince: found.LayoutSince}, nil
}

// report logs what recovery had to leave behind.
func (s *store) report(found journal.Recovered) {
	if found.TornBytes > 0 {
		s.log.Warn("The end of the journal cannot be read: its process died while writing. What was cut is kept as `*.torn`", zap.Int64("bytes", found.TornBytes))
	}
	if len(found.Discarded) > 0 {
		s.log.Warn("State written while the directory was failing is incomplete and not used", zap.Strings("files", found.Discarded))
	}
	if found.Relaid {
		s.log.Warn("`export.histogram` or `export.buckets` has changed: distributions start anew, counts go on")
	}
}

// acknowledge returns nil when commits up to seq are as durable as promised.
// While the directory fails, metering goes on in memory. What comes after the
// last flush can only be counted when it is sent again, after the next start.
func (s *store) acknowledge(seq uint64) error {
	if s.options.Durability == Interval && s.journal.Pending() < maxPending && !s.closed.Load() {
		return nil
	}
	err := s.journal.Write(seq)
	if errors.Is(err, journal.ErrClosed) {
		return ErrNotOpen
	}
	if err != nil {
		s.failed(err)
	}
	return nil
}

// flush makes everything committed so far durable.
func (s *store) flush() error {
	begin := now()
	err := s.journal.Sync()
	s.telemetry.flushed(now().Sub(begin))
	if err != nil {
		s.failed(err)
	}
	return err
}

// tick is what happens each persistence.interval: flush, then cure a broken
// journal or shorten a long one, both by a snapshot.
func (s *store) tick(src journal.Source) {
	err := s.flush()
	if err == nil && s.journal.Size() < max(minJournal, journalFactor*s.journal.SnapshotSize()) {
		s.recovered()
		return
	}
	snapshot := s.journal.Snapshot(now(), src)
	if err = s.journal.Sync(); err != nil {
		s.failed(errors.Join(err, snapshot))
		return
	}
	s.recovered()
	if snapshot != nil {
		s.log.Warn("A snapshot failed; usage is safe in the journal, which goes on growing", zap.Error(snapshot))
	}
}

// failed notes that the directory could not be written to: in the metrics each
// time, in the log once until it recovers.
func (s *store) failed(err error) {
	s.telemetry.flushFailed()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.failing {
		s.failing = true
		s.log.Error("Usage could not be written to disk: it is metered in memory and not exported until a snapshot succeeds, which is tried each `persistence.interval`", zap.Error(err))
	}
}

func (s *store) recovered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing {
		s.failing = false
		s.log.Info("Usage is on disk again, nothing was lost")
	}
}

// close makes one last attempt to write what is only in memory, and unlocks.
func (s *store) close(src journal.Source) error {
	s.closed.Store(true)
	var err error
	if s.flush() != nil {
		err = s.journal.Snapshot(now(), src)
	}
	if err = errors.Join(err, s.journal.Close()); err != nil {
		return fmt.Errorf("last flush of usage to %s: %w", s.options.Place, err)
	}
	return nil
}
