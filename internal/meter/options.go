package meter

import (
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/extract"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Options are a component's configuration as the meter needs it.
type Options struct {
	Endpoints      extract.Side
	Providers      extract.Side
	Layout         *usage.Layout
	ExportInterval time.Duration
	// Delta says that an export has what has changed since the one before;
	// otherwise it has what was ever counted.
	Delta bool
	// Dialects reads what names are understood, once a meter opens.
	Dialects func() (Dialects, error)
	// Meters compiles the user's own, once a meter opens; nil: there are none.
	Meters func() ([]extract.Meter, error)
	// Prices is nil when only reported costs count.
	Prices *Prices
	// MaxSeries is how many series there are of each kind at most.
	MaxSeries int
	// MaxValueLength bounds what dimensions say, in bytes; 0: as long as can be kept.
	MaxValueLength int
	// Retention is how long a series may be idle.
	Retention time.Duration
	Sessions  Sessions
	Budgets   []BudgetOptions
	// Dedup is nil when everything counts, however often it is sent.
	Dedup   *Dedup
	History History
	// Warnings are logged when a meter opens.
	Warnings []string
	// Persistence is nil when nothing is kept on disk and nothing could be.
	Persistence *Persistence
}

// Dialects are which names of telemetry are understood, and which signal bills, by
// family.
type Dialects struct {
	Files   []*dialect.File
	Signals map[string]usage.Signal
}

// Sessions says how long a session is active that is not heard of, and how many
// there are at the same time.
type Sessions struct {
	TTL time.Duration
	Max int
}

// History says how long hours and days are kept, 0: for ever, and in which zone they
// begin and end; nil: UTC.
type History struct {
	Hourly, Daily time.Duration
	Zone          *time.Location
}

// calendar is the one of the zone.
func (h *History) calendar() *usage.Calendar {
	if h.Zone == nil {
		return usage.NewCalendar(time.UTC)
	}
	return usage.NewCalendar(h.Zone)
}

// Dedup says for how long, and in how much memory, what was counted is
// remembered.
type Dedup struct {
	Window   time.Duration
	MaxBytes int64
	// LogAttributes tell log records apart, the first one present.
	LogAttributes []string
}

// Persistence says where and how state is kept.
type Persistence struct {
	// Enabled says that usage is kept, from the start on.
	Enabled bool
	// Place names where, in the words of the configuration; Path is the absolute path
	// of the directory, or the ID of the storage extension.
	Place, Path string
	// Open opens it for a writer whose name is shown to whoever comes second; nil:
	// there is no place.
	Open func(owner string) (files.FS, error)
	// Check says whether a name is that of a place below, OpenBelow opens it; nil: there
	// are none.
	Check      func(name string) error
	OpenBelow  func(name, owner string) (files.FS, error)
	Interval   time.Duration
	Durability Durability
	// Refuse says that data is refused while it could not be kept; otherwise it
	// is metered in memory meanwhile.
	Refuse bool
	// KeepDamaged says that damaged state is left as it is and nothing starts on
	// it; otherwise it is moved away and what is valid goes on.
	KeepDamaged bool
}

// Durability says what has to have happened to a batch before it is
// acknowledged.
type Durability uint8

const (
	// Interval acknowledges at once; a crash loses at most one interval.
	Interval Durability = iota
	// Write acknowledges what the operating system has: only a power loss can
	// lose something, at most one interval.
	Write
	// Sync acknowledges what is on the disk: nothing is lost.
	Sync
)

// Settings are what the Collector hands to a component.
type Settings struct {
	ID        component.ID
	BuildInfo component.BuildInfo
	Telemetry component.TelemetrySettings
	// Host is told when usage cannot be kept, and when it can again.
	Host component.Host
}

// ownMeters compiles the meters of the user's own.
func (o *Options) ownMeters() ([]extract.Meter, error) {
	if o.Meters == nil {
		return nil, nil
	}
	return o.Meters()
}
