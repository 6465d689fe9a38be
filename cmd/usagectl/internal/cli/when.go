package cli

import (
	"strconv"
	"time"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// timeParameter turns what the user wrote into what a query reads: how long ago becomes
// a time. A date stays one, because it is that of the collector's calendar.
func timeParameter(flag, text string, now time.Time) (string, error) {
	if ago, ok := parseAgo(text); ok {
		return now.Add(-ago).UTC().Format(time.RFC3339), nil
	}
	if _, _, err := query.ParseTime(flag, text, usage.NewCalendar(time.UTC)); err != nil {
		return "", misused("`--%s %s` is no time: write 2026-11-21T15:04:05Z, 2026-11-21, or how long ago: 90m, 24h, 7d, 2w", flag, text)
	}
	return text, nil
}

// parseAgo reads a duration of Go, or of days or weeks.
func parseAgo(text string) (time.Duration, bool) {
	if text == "" {
		return 0, false
	}
	unit := map[byte]time.Duration{'d': day, 'w': week}[text[len(text)-1]]
	if unit == 0 {
		ago, err := time.ParseDuration(text)
		return ago, err == nil && ago >= 0
	}
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 16)
	return time.Duration(n) * unit, err == nil
}
