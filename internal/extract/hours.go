package extract

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// hours says which hour a record belongs to: that of its end, unless it is too
// late or in the future; then the hour in which it arrived.
type hours struct {
	now   int64 // Unix ns
	start int64 // of the hour answered last, Unix ns
}

const (
	nanosPerHour = int64(time.Hour)
	// maxLate is how late a record may be to count in the hour of its end.
	maxLate = nanosPerHour
)

func newHours(now time.Time) hours {
	n := now.UnixNano()
	return hours{now: n, start: n - n%nanosPerHour}
}

// of returns the Unix second at which the hour of a record begins.
func (h *hours) of(end pcommon.Timestamp) int64 {
	t := int64(end)
	if t > h.now || t < h.now-maxLate {
		t = h.now
	}
	if t < h.start || t >= h.start+nanosPerHour {
		h.start = t - t%nanosPerHour
	}
	return h.start / int64(time.Second)
}
