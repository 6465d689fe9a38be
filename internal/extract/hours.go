package extract

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// hours says which hour a record belongs to: that of its end, unless it is too
// late or in the future; then the hour in which it arrived.
type hours struct {
	calendar *usage.Calendar
	now      int64 // Unix ns
	// arrival is the hour that now is in, last the other one that was answered last.
	arrival, last stretch
	// told says that the record being read was counted if it is late.
	told bool
}

// stretch is a stretch of time: from, before until, in Unix nanoseconds.
type stretch struct{ from, until int64 }

func (s stretch) contains(t int64) bool { return s.from <= t && t < s.until }

// maxLate is how late a record may be to count in the hour of its end.
const maxLate = int64(time.Hour)

// begin begins a batch that arrives now.
func (h *hours) begin(now time.Time) {
	h.now, h.told = now.UnixNano(), false
	if !h.arrival.contains(h.now) {
		h.arrival = h.around(h.now)
	}
}

func (h *hours) around(t int64) stretch {
	start, end := h.calendar.Hour(t / int64(time.Second))
	return stretch{start * int64(time.Second), end * int64(time.Second)}
}

// of returns the Unix second at which the hour of a record begins, and whether it is not
// that of its end. One that does not say when it ended did so when it arrived.
func (h *hours) of(end pcommon.Timestamp) (start int64, late bool) {
	t := int64(end)
	if t > h.now || t < h.now-maxLate {
		late = t != 0 && !h.arrival.contains(t)
		t = h.now
	}
	if h.arrival.contains(t) {
		return h.arrival.from / int64(time.Second), late
	}
	if !h.last.contains(t) {
		h.last = h.around(t)
	}
	return h.last.from / int64(time.Second), late
}

// hour is the hour of the record being read, which ended at a time.
func (r *Reading) hour(end pcommon.Timestamp) int64 {
	r.hours.told = false
	return r.ownHour(end)
}

// ownHour is hour for a meter of the user's own, which may count what was counted before:
// late it is once.
func (r *Reading) ownHour(end pcommon.Timestamp) int64 {
	start, late := r.hours.of(end)
	if late && !r.hours.told {
		r.Late++
	}
	r.hours.told = true
	return start
}
