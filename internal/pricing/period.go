package pricing

import (
	"fmt"
	"time"
)

// period is a time with prices of its own.
type period struct {
	when  when
	rates rates
}

// when says at which times a price holds: since a moment, and, if the two
// differ, between two times of every day (UTC). The latter may pass midnight.
type when struct {
	dated      bool
	since      int64         // Unix ns
	start, end time.Duration // since midnight
}

func (w when) always() bool { return !w.dated && w.start == w.end }

func (w when) active(unixNano int64) bool {
	if w.dated && unixNano < w.since {
		return false
	}
	if w.start == w.end {
		return true
	}
	day := int64(24 * time.Hour)
	now := time.Duration((unixNano%day + day) % day)
	if w.start < w.end {
		return w.start <= now && now < w.end
	}
	return now >= w.start || now < w.end
}

// setDate reads the first day, 2006-01-02, from midnight UTC.
func (w *when) setDate(day string) error {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return fmt.Errorf("is %q: days like 2026-01-31 are accepted", day)
	}
	w.dated, w.since = true, t.UnixNano()
	return nil
}

// setTimes reads the bounds of a daily time.
func (w *when) setTimes(start, end string) error {
	var err error
	if w.start, err = timeOfDay(start); err != nil {
		return err
	}
	if w.end, err = timeOfDay(end); err != nil {
		return err
	}
	if w.start == w.end {
		return fmt.Errorf("begins and ends at %q: two times are accepted", start)
	}
	return nil
}

// timeOfDay reads a time of day in UTC.
func timeOfDay(s string) (time.Duration, error) {
	for _, layout := range [...]string{"15:04", "15:04:05", "15:04:05Z"} {
		if t, err := time.Parse(layout, s); err == nil {
			h, m, sec := t.Clock()
			return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second, nil
		}
	}
	return 0, fmt.Errorf("has the time %q: times of day in UTC like 16:30 are accepted", s)
}

func (p period) equal(o period) bool { return p.when == o.when && p.rates.equal(&o.rates) }
