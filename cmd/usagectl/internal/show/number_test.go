package show

import (
	"math"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{Count(0), "0"},
		{Count(999), "999"},
		{Count(1000), "1,000"},
		{Count(math.MaxInt64), "9,223,372,036,854,775,807"},
		{Count(-1234), "-1,234"},
		{Short(99_999), "99,999"},
		{Short(100_000), "100k"},
		{Short(999_499), "999k"},
		{Short(999_500), "1.00M"},
		{Short(9_870_442), "9.87M"},
		{Short(9_995_000), "10.0M"},
		{Short(99_950_000), "100M"},
		{Short(230_003_741), "230M"},
		{Short(math.MaxInt64), "9.22E"},
		{Dollars(0, 0), "0.0000"},
		{Dollars(0, 49_999), "0.0000"},
		{Dollars(0, 50_000), "0.0001"},
		{Dollars(1234, 500_000_000), "1,234.5000"},
		{Dollars(9, 999_999_999), "10.0000"},
		{Percent(0.0123), "1.2%"},
		{Bytes(0), "0 B"},
		{Bytes(1023), "1023 B"},
		{Bytes(1536), "1.5 KiB"},
		{Bytes(1 << 40), "1.0 TiB"},
		{Bytes(math.MaxInt64), "8.0 EiB"},
		{Duration(0), "0s"},
		{Duration(1500 * time.Nanosecond), "2µs"},
		{Duration(12_340 * time.Microsecond), "12.3ms"},
		{Duration(1234 * time.Millisecond), "1.23s"},
		{Duration(90 * time.Second), "1m30s"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}
