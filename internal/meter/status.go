package meter

import (
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
