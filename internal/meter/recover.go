package meter

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// origin is what a meter goes on from.
type origin struct {
	writer      string
	epoch       uint64 // 0: nothing is kept
	secret      extract.Secret
	clock       clock
	layoutSince int64 // Unix ns
	damage      damage
}

// damage is what recovery could not bring back.
type damage struct {
	tornBytes int64
	files     int  // found damaged or missing
	series    bool // all series had to begin anew
	identity  bool // nothing said whose state it was
}

// newOrigin is that of a meter without a past.
func newOrigin() origin {
	return origin{writer: uuid.NewString(), secret: newSecret(), clock: newClock(usage.Moment{})}
}

func newSecret() (s extract.Secret) {
	// Never fails: see crypto/rand.
	_, _ = rand.Read(s[:])
	return s
}

// identity is whose state it is that is kept from here on.
func (o *origin) identity() journal.Identity {
	return journal.Identity{Writer: o.writer, Epoch: o.epoch, Secret: string(o.secret[:])}
}

// openState continues from what is stored or, if nothing is to be kept, begins.
func (m *Meter) openState(meters []extract.Meter) (from origin, err error) {
	if !m.options.Persistence.Enabled {
		from = newOrigin()
	} else {
		s, err := m.openStore("")
		if err != nil {
			return from, err
		}
		m.engine.SetJournal(s.journal.Append, s.journal.AppendWindow)
		if from, err = s.recover(m.engine, meters); err != nil {
			return from, errors.Join(err, s.journal.Close())
		}
		m.keeping.now.Store(s)
	}
	m.keeping.self = self{Identity: from.identity(), layoutSince: from.layoutSince}
	m.keeping.self.Epoch = max(from.epoch, 1) // should it be kept later
	return from, nil
}

// closeState writes what is not written yet and lets go of the directory. Nothing
// changes any more.
func (m *Meter) closeState() (err error) {
	m.keeping.changing.Lock()
	defer m.keeping.changing.Unlock()
	m.keeping.closed = true
	m.withStore(func(s *store) { err = s.close(m.engine) })
	return err
}

// recover reads what is stored into the engine, ends what is not configured any more
// and begins a new epoch.
func (s *store) recover(e *engine.Engine, meters []extract.Meter) (origin, error) {
	found, err := s.journal.Recover(e)
	if err == nil && s.options.KeepDamaged {
		err = errors.Join(found.Damage...)
	}
	if err != nil {
		return origin{}, fmt.Errorf("%s cannot be used as it is and was left so: %w", s.options.Place, err)
	}
	s.report(found)
	left, err := s.wasLeft()
	if err != nil {
		return origin{}, err
	}
	if found.Lost || left {
		// A counter must never be seen to fall: all begin anew.
		e.Retire()
	}
	if left {
		s.endWindow(e)
	}
	e.EndMeters(func(name, unit string) bool {
		return slices.ContainsFunc(meters, func(m extract.Meter) bool { return m.Name == name && m.Unit == unit })
	})
	from := s.origin(found)
	from.damage.series = found.Lost || left
	started := now()
	if found.Moment.Wall > 0 {
		// Nothing may be given a time before one that was given out already. A
		// new state has none: a moment in 1970 would make it decades old.
		e.Tick(found.Moment)
	}
	if found.Relaid {
		from.layoutSince = e.Tick(from.clock.moment()).Wall
	}
	from.epoch = found.Epoch + 1
	if err := s.start(from.identity(), started, from.layoutSince, e); err != nil {
		return origin{}, err
	}
	s.forgetLeft()
	s.record.read()
	stats := e.Stats()
	s.log.Info("Usage is kept", zap.String("place", s.options.Place), zap.String("writer", from.writer),
		zap.Uint64("epoch", from.epoch), zap.Int64("records", stats.Ledgers.Counted()),
		zap.Int("endpoint_series", stats.Series[usage.Endpoint]), zap.Int("provider_series", stats.Series[usage.Provider]))
	return from, nil
}

// start begins a generation. Once its snapshot is there, files that could not be
// removed or moved away are no reason not to start.
func (s *store) start(id journal.Identity, at time.Time, layoutSince int64, src journal.Source) error {
	begin := now()
	err := s.journal.Start(id, at, layoutSince, src)
	s.telemetry.snapshotTaken(now().Sub(begin))
	s.setBound(false)
	if err != nil {
		if s.journal.Flush() != nil {
			return fmt.Errorf("%s: %w", s.options.Place, err)
		}
		s.log.Warn("Files of older state could not be removed or moved away; the next snapshot tries again", zap.Error(err))
	}
	s.record.wrote()
	return nil
}

// origin goes on from what was found, as somebody new if nothing says who wrote
// it.
func (s *store) origin(found journal.Recovered) origin {
	from := newOrigin()
	from.layoutSince = found.LayoutSince
	from.clock = newClock(found.Moment)
	from.damage = damage{tornBytes: found.TornBytes, files: len(found.Damage)}
	if found.Writer == "" {
		from.damage.identity = len(found.Damage) > 0
		return from
	}
	from.writer = found.Writer
	if len(found.Secret) == len(from.secret) {
		copy(from.secret[:], found.Secret)
	}
	return from
}

// report logs what recovery had to leave behind.
func (s *store) report(found journal.Recovered) {
	if found.TornBytes > 0 {
		s.log.Warn("The end of the journal cannot be read: its process died while writing. What was cut is kept as `*.torn`", zap.Int64("bytes", found.TornBytes))
	}
	if len(found.Discarded) > 0 {
		s.log.Warn("A journal never got the snapshot that it builds on: its process died while it started, or while the disk was failing. Nothing in it was acknowledged, and it is not used", zap.Strings("files", found.Discarded))
	}
	if found.Relaid {
		s.log.Warn("`export.histogram` or `export.buckets` has changed: distributions start anew, counts go on")
	}
	for _, err := range found.Damage {
		s.log.Error("Stored usage is damaged; damaged files are moved to `quarantine`", zap.Error(err))
	}
	if found.Lost {
		s.log.Error("Usage that was stored is lost: all series begin anew, what is left of the old ones stays in the totals")
	}
}
