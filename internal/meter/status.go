package meter

import (
	"path/filepath"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Status is how a meter is.
type Status struct {
	// Version is that of the Collector.
	Version string
	// Writer is the instance that all exported numbers are attributed to; Epoch counts
	// its starts with state that is kept, 0: nothing is.
	Writer string
	Epoch  uint64
	// Opened is when the meter was.
	Opened   time.Time
	Paused   bool
	Ledgers  usage.Ledgers
	Series   [usage.Kinds]int // live
	Folded   [usage.Kinds]uint64
	Sessions int
	// DedupKeys are remembered, for DedupWindow.
	DedupKeys   int
	DedupWindow time.Duration
	// Prices says where the price table is from; empty: only reported costs count.
	Prices      string
	Persistence PersistenceStatus
}

// PersistenceStatus is how usage is kept.
type PersistenceStatus struct {
	PersistenceSettings
	// Path is the absolute path of the state directory, or the ID of the storage
	// extension; empty: there is none configured.
	Path string
	// Saved is when everything was last durable, Loaded when state was last read;
	// zero: never.
	Saved, Loaded time.Time
	// LastError is why usage could not be written or read last; empty after it could.
	LastError     string
	JournalBytes  int64
	SnapshotBytes int64
	// Overridden are the keys of settings that were changed at run time, sorted.
	Overridden []string
}

// PersistenceSettings are those that can be changed at run time.
type PersistenceSettings struct {
	Enabled bool
	// FilePath is the name of the directory below the configured one; empty: that one.
	FilePath string
	Interval time.Duration
}

// PersistenceChange changes some settings; nil leaves one as it is.
type PersistenceChange struct {
	Enabled  *bool
	FilePath *string
	Interval *time.Duration
}

// Status returns how the meter is.
func (m *Meter) Status() Status {
	stats := m.engine.Stats()
	s := Status{
		Version: m.version, Writer: m.keeping.self.Writer, Opened: m.clock.since.Round(0),
		Paused: m.Paused(), Ledgers: stats.Ledgers, Series: stats.Series, Folded: m.engine.Folded(), Sessions: stats.Sessions,
		Persistence: m.persistenceStatus(),
	}
	if m.options.Dedup != nil {
		s.DedupKeys, s.DedupWindow = m.engine.DedupStats().Keys, m.effectiveWindow()
	}
	if m.prices != nil {
		s.Prices = m.prices.table.Load().Source()
	}
	if s.Persistence.Enabled {
		s.Epoch = m.keeping.self.Epoch
	}
	return s
}

func (m *Meter) persistenceStatus() PersistenceStatus {
	k := &m.keeping
	p := PersistenceStatus{PersistenceSettings: *k.settings.Load(), Overridden: k.overrides()}
	p.Saved, p.Loaded, p.LastError = k.record.last()
	if p.Path = m.options.Persistence.Path; p.FilePath != "" {
		p.Path = filepath.Join(p.Path, filepath.FromSlash(p.FilePath))
	}
	if s := m.store(); s != nil {
		p.JournalBytes, p.SnapshotBytes = s.journal.Size(), s.journal.SnapshotSize()
	}
	return p
}
