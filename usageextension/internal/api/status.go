package api

import (
	"time"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// status is how a meter is.
type status struct {
	Processor string `json:"processor"`
	Version   string `json:"version"`
	// Writer is the `service.instance.id` of what is exported.
	Writer string `json:"writer"`
	// Epoch is 0 where nothing is kept.
	Epoch    uint64     `json:"epoch"`
	OpenedAt *time.Time `json:"opened_at"`
	Counting bool       `json:"counting"`
	// Records are what became of records, by signal and result, or reason.
	Records map[string]map[string]int64 `json:"records"`
	Series  map[string]int              `json:"series"`
	Folded  map[string]uint64           `json:"folded"`

	ActiveSessions     int               `json:"active_sessions"`
	DedupKeys          int               `json:"dedup_keys"`
	DedupWindowSeconds float64           `json:"dedup_window_seconds"`
	Prices             string            `json:"prices"`
	Persistence        persistenceStatus `json:"persistence"`
}

// statusOf is everything about a meter but what it has counted.
func statusOf(c *call, h held) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	s := h.Status()
	return status{
		Processor: h.name, Version: s.Version, Writer: s.Writer, Epoch: s.Epoch, OpenedAt: optional(s.Opened), Counting: !s.Paused,
		Records: recordsOf(&s), Series: byKind(s.Series), Folded: byKind(s.Folded),
		ActiveSessions: s.Sessions, DedupKeys: s.DedupKeys, DedupWindowSeconds: s.DedupWindow.Seconds(),
		Prices: s.Prices, Persistence: persistenceStatusOf(&s.Persistence),
	}, nil
}

func byKind[N any](numbers [usage.Kinds]N) map[string]N {
	named := make(map[string]N, len(numbers))
	for i, n := range numbers {
		named[usage.Kind(i).String()] = n
	}
	return named
}

// recordsOf has reasons in the place of results that have some, and what was received,
// which is the sum.
func recordsOf(s *meter.Status) map[string]map[string]int64 {
	signals := map[string]map[string]int64{}
	for i := range s.Ledgers {
		ledger := &s.Ledgers[i]
		records := map[string]int64{"received": ledger.Received()}
		for v, n := range ledger {
			name := usage.Verdict(v).Reason()
			if name == "" {
				name = usage.Verdict(v).Result()
			}
			records[name] += n
		}
		signals[usage.Signal(i).String()] = records
	}
	return signals
}
