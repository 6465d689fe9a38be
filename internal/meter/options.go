package meter

import (
	"time"

	"go.opentelemetry.io/collector/component"

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
	// Persistence is nil when nothing is kept on disk.
	Persistence *Persistence
}

// Persistence says where and how state is kept.
type Persistence struct {
	// Place names where, in the words of the configuration.
	Place string
	// Open opens it for a writer whose name is shown to whoever comes second.
	Open       func(owner string) (files.FS, error)
	Interval   time.Duration
	Durability Durability
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
)

// Settings are what the Collector hands to a component.
type Settings struct {
	ID        component.ID
	BuildInfo component.BuildInfo
	Telemetry component.TelemetrySettings
}
