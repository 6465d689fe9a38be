package cli

import (
	"errors"
	"testing"
	"time"
)

func TestTimeParameter(t *testing.T) {
	now := time.Date(2026, 11, 21, 15, 4, 5, 0, time.FixedZone("", 3600))
	for text, want := range map[string]string{
		"24h":                  "2026-11-20T14:04:05Z",
		"90m":                  "2026-11-21T12:34:05Z",
		"7d":                   "2026-11-14T14:04:05Z",
		"2w":                   "2026-11-07T14:04:05Z",
		"0s":                   "2026-11-21T14:04:05Z",
		"2026-11-21":           "2026-11-21", // of the collector's calendar
		"2026-11-21T15:04:05Z": "2026-11-21T15:04:05Z",
	} {
		if got, err := timeParameter("since", text, now); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "-1d", "-1h", "1.5d", "1dw", "7 d", "99999999d", "2026-02-30", "now", "2026-11-21 15:04"} {
		got, err := timeParameter("since", text, now)
		if wrong := (*usageError)(nil); !errors.As(err, &wrong) {
			t.Errorf("%q is %q, %v, want an error", text, got, err)
		}
	}
}
