package tables

import (
	"strconv"
	"time"
)

// absent marks what does not apply or never happened; a column of zeros hides the numbers that matter.
const absent = "-"

func text(s string) string {
	if s == "" {
		return absent
	}
	return s
}

func count(n float64) string {
	if n == 0 {
		return absent
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// mean keeps three or four digits, whatever the magnitude.
func mean(d time.Duration) string {
	switch {
	case d == 0:
		return absent
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 1, 64) + "ms"
	default:
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + "s"
	}
}
