package show

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Count writes a whole number with its digits in groups.
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

const (
	// exactBelow is up to where a number is short enough as it is.
	exactBelow   = 100_000
	countUnits   = "kMGTPE"
	perCountUnit = 1000
)

// Short writes a whole number to three digits, if it is large.
func Short(n int64) string {
	if n < exactBelow {
		return Count(n)
	}
	size, unit := float64(n)/perCountUnit, 0
	for size >= perCountUnit-0.5 && unit < len(countUnits)-1 {
		size, unit = size/perCountUnit, unit+1
	}
	decimals := 0
	switch { // by what it would be rounded to
	case size < 9.995:
		decimals = 2
	case size < 99.95:
		decimals = 1
	}
	return strconv.FormatFloat(size, 'f', decimals, 64) + countUnits[unit:unit+1]
}

// Dollars writes a sum of money, whole dollars and billionths of one, to the
// ten-thousandth, half up.
func Dollars(whole, parts int64) string {
	const shown, perShown = 10_000, 100_000
	parts = (parts + perShown/2) / perShown
	return fmt.Sprintf("%s.%04d", Count(whole+parts/shown), parts%shown)
}

// Percent writes a share.
func Percent(share float64) string { return fmt.Sprintf("%.1f%%", share*100) }

const (
	byteUnits = "KMGTPE"
	perUnit   = 1024
)

// Bytes writes a size in a unit that leaves up to four digits.
func Bytes(n int64) string {
	if n < perUnit {
		return strconv.FormatInt(n, 10) + " B"
	}
	size, unit := float64(n)/perUnit, 0
	for size >= perUnit && unit < len(byteUnits)-1 {
		size, unit = size/perUnit, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", size, byteUnits[unit])
}

// Duration writes a duration to three digits or so.
func Duration(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return fmt.Sprintf("%.2fs", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
	default:
		return d.Round(time.Microsecond).String()
	}
}
