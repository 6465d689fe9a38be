package meter

import (
	"time"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/engine/dedup"
	"github.com/otelusage/usageprocessor/internal/extract"
)

// window returns what remembers what was counted, nil for nothing.
func (d *Dedup) window() *dedup.Window {
	if d == nil {
		return nil
	}
	return dedup.New(dedup.Options{Minutes: int(d.Window / time.Minute), MaxBytes: d.MaxBytes})
}

// keys says what tells records apart.
func (d *Dedup) keys() extract.Dedup {
	if d == nil {
		return extract.Dedup{}
	}
	return extract.Dedup{Enabled: true, LogAttributes: d.LogAttributes}
}

// packKeys packs the dedup keys of minutes that are over and, with persistence,
// writes each to a file of its own. While that fails the keys stay in the
// snapshots.
func (m *Meter) packKeys() {
	if m.options.Dedup == nil {
		return
	}
	for m.engine.PackKeys() {
	}
	if !m.failing() {
		m.withStore(func(s *store) { s.writeKeys(m.engine) })
	}
	m.warnOfShortWindow()
}

// warnOfShortWindow says so when memory did not allow for the whole window.
func (m *Meter) warnOfShortWindow() {
	evicted := m.engine.DedupStats().Evicted
	if evicted == m.warned.evicted || !m.warned.window.due(m.clock.moment().Age) {
		return
	}
	m.warned.evicted = evicted
	m.log.Warn("What was counted is remembered for less than `dedup.window`: `dedup.max_memory_mib` does not hold more",
		zap.Duration("remembered", m.effectiveWindow()), zap.Duration("window", m.options.Dedup.Window))
}

// effectiveWindow is for how long everything is remembered that was counted.
func (m *Meter) effectiveWindow() time.Duration {
	stats := m.engine.DedupStats()
	minutes := max(stats.Minute-stats.Since, 0)
	return min(time.Duration(minutes)*time.Minute, m.options.Dedup.Window)
}

// writeKeys writes dedup keys of minutes that are over to files. keeping.writing is held.
func (s *store) writeKeys(e *engine.Engine) {
	for keys := e.UnfiledKeys(); keys != nil; keys = e.UnfiledKeys() {
		file, err := s.journal.WriteKeys(keys.Minute(), keys.Keys())
		if err != nil {
			s.keysFailed(err)
			return
		}
		e.FileKeys(keys, file.Number)
		s.unfiled = false
	}
}

// keysFailed says once that dedup keys get no file of their own: they are safe
// in the journal and in snapshots, which get larger by them.
func (s *store) keysFailed(err error) {
	if !s.unfiled {
		s.unfiled = true
		s.log.Warn("Dedup keys could not be written to a file of their own; they stay in the snapshots", zap.Error(err))
	}
}
