package api

import (
	"math"
	"net/http"
	"time"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// persistenceConfig is how usage is kept, as it is configured and was changed.
type persistenceConfig struct {
	Enabled         bool    `json:"enabled"`
	FilePath        string  `json:"file-path"`
	IntervalSeconds float64 `json:"interval-seconds"`
	// Overridden are the keys that were changed since the process began.
	Overridden []string `json:"overridden"`
}

func persistenceConfigOf(s *meter.PersistenceStatus) persistenceConfig {
	return persistenceConfig{
		Enabled: s.Enabled, FilePath: s.FilePath, IntervalSeconds: s.Interval.Seconds(),
		Overridden: append([]string{}, s.Overridden...),
	}
}

// persistenceStatus is how keeping usage goes.
type persistenceStatus struct {
	Enabled         bool       `json:"enabled"`
	Path            string     `json:"path"`
	IntervalSeconds float64    `json:"interval_seconds"`
	LastSavedAt     *time.Time `json:"last_saved_at"`
	LastLoadedAt    *time.Time `json:"last_loaded_at"`
	LastError       *string    `json:"last_error"`
	JournalBytes    int64      `json:"journal_bytes"`
	SnapshotBytes   int64      `json:"snapshot_bytes"`
}

func persistenceStatusOf(s *meter.PersistenceStatus) persistenceStatus {
	status := persistenceStatus{
		Enabled: s.Enabled, Path: s.Path, IntervalSeconds: s.Interval.Seconds(),
		LastSavedAt: optional(s.Saved), LastLoadedAt: optional(s.Loaded),
		JournalBytes: s.JournalBytes, SnapshotBytes: s.SnapshotBytes,
	}
	if s.LastError != "" {
		status.LastError = &s.LastError
	}
	return status
}

// optional is a time; nil for one that never was.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// persistenceOf is configuration and status.
func persistenceOf(c *call, h held) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	s := h.Status()
	return map[string]any{
		"usage-persistence": persistenceConfigOf(&s.Persistence),
		"status":            persistenceStatusOf(&s.Persistence),
	}, nil
}

// persistenceStatusOnly is the status.
func persistenceStatusOnly(c *call, h held) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	s := h.Status()
	return persistenceStatusOf(&s.Persistence), nil
}

// done is the answer to changes that say nothing else.
func done() map[string]string { return map[string]string{"status": "ok"} }

// changePersistence changes the settings that the body has; the others stay.
func changePersistence(c *call, h held) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	change, err := c.persistenceChange()
	if err != nil {
		return nil, err
	}
	// The meter tells the log what is different.
	if err := h.ReconfigurePersistence(c.r.Context(), change); err != nil {
		return nil, err
	}
	return done(), nil
}

// maxInterval is the longest that the configuration accepts.
const maxInterval = 24 * time.Hour

func (c *call) persistenceChange() (meter.PersistenceChange, error) {
	none := meter.PersistenceChange{}
	body, err := c.object()
	if err != nil {
		return none, err
	}
	change := meter.PersistenceChange{}
	var seconds *float64
	for _, err := range []error{
		take(body, "enabled", "true or false", &change.Enabled),
		take(body, "file-path", "text", &change.FilePath),
		take(body, "interval-seconds", "a number", &seconds),
		body.rest("enabled, file-path and interval-seconds are accepted"),
	} {
		if err != nil {
			return none, err
		}
	}
	if seconds == nil {
		return change, nil
	}
	switch {
	case *seconds <= 0:
		return none, failf(http.StatusBadRequest, "interval-seconds must be greater than 0")
	case *seconds > maxInterval.Seconds() || *seconds != math.Trunc(*seconds):
		return none, failf(http.StatusBadRequest, "interval-seconds is %v: whole numbers up to %v are accepted", *seconds, maxInterval.Seconds())
	}
	interval := time.Duration(*seconds) * time.Second
	change.Interval = &interval
	return change, nil
}

// save writes everything now.
func save(c *call, h held) (any, error) {
	if err := c.onlyNothing(); err != nil {
		return nil, err
	}
	err := h.Save()
	s := h.Status()
	status := persistenceStatusOf(&s.Persistence)
	if err != nil {
		return nil, &failure{status: codeOf(err), err: err, body: map[string]any{"error": err.Error(), "status": status}}
	}
	return map[string]any{"status": status}, nil
}

// load merges what is stored.
func load(c *call, h held) (any, error) {
	if err := c.onlyNothing(); err != nil {
		return nil, err
	}
	merged, err := h.Load()
	if err != nil {
		return nil, err
	}
	total, failed, err := totals(h.View())
	return map[string]any{"result": mergedOf(merged), "total_requests": total, "failed_requests": failed}, err
}

// merged is what became of rows.
type merged struct {
	Added   int `json:"added"`
	Skipped int `json:"skipped"`
}

func mergedOf(m meter.Merged) merged { return merged{Added: m.Added, Skipped: m.Skipped} }

// totals are the requests to providers of all time, and those that have failed.
func totals(src query.Source) (total, failed int64, err error) {
	answer, err := query.Series(src, query.Request{Kind: usage.Provider, Limit: 1})
	total = answer.Total.TotalRequests()
	return total, total - answer.Total.Requests[usage.Success], err
}

// onlyNothing is of changes that have nothing to say.
func (c *call) onlyNothing() error {
	if err := c.only(); err != nil {
		return err
	}
	return c.nothing()
}
