package page

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

func TestCountsAreReadable(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 9999: "9,999", 10_000: "10k", 10_049: "10k", 10_050: "10.1k",
		123_456: "123k", 999_499: "999k", 999_500: "1M", 1_234_567: "1.23M", 999_999_999: "1B", 5e12: "5T",
		1_234_567e12: "1,234,567T", math.MaxInt64: "9,223,372T",
	} {
		got := short(n)
		assert.Equal(t, want, got.Text, "%d", n)
		assert.Equal(t, count(n).Exact, got.Exact)
		assert.Equal(t, count(n).Value, got.Value)
	}
	assert.Equal(t, number{"1,234,567", "1,234,567", "1234567"}, count(1_234_567))
	assert.Equal(t, number{"1.23 MB", "1,234,567 bytes", "1234567"}, bytes(1_234_567))
	assert.Equal(t, "999 B", bytes(999).Text)
	assert.Equal(t, "1 kB", bytes(1000).Text)
}

func TestMoneyIsReadableAndExact(t *testing.T) {
	for nano, want := range map[int64]number{
		0:                     {"$0", "0 USD", "0"},
		1:                     {"$0.000000001", "0.000000001 USD", "0.000000001"},
		1_234:                 {"$0.00000123", "0.000001234 USD", "0.000001234"},
		12_345_678:            {"$0.0123", "0.012345678 USD", "0.012345678"},
		500_000_000:           {"$0.50", "0.5 USD", "0.5"},
		999_400_000:           {"$0.999", "0.9994 USD", "0.9994"},
		999_500_000:           {"$1.00", "0.9995 USD", "0.9995"},
		1_004_999_999:         {"$1.00", "1.004999999 USD", "1.004999999"},
		1_005_000_000:         {"$1.01", "1.005 USD", "1.005"},
		1_999_999_999:         {"$2.00", "1.999999999 USD", "1.999999999"},
		1_234_567_890_000_000: {"$1,234,567.89", "1234567.89 USD", "1234567.89"},
		math.MaxInt64:         {"$9,223,372,036.85", "9223372036.854775807 USD", "9223372036.854775807"},
	} {
		assert.Equal(t, want, money(nano))
	}
}

// A call whose price nobody knows is not free.
func TestCostsThatNobodyKnowsAreNotZero(t *testing.T) {
	row := func(cost, tokens, unpriced int64) *query.Row {
		r := &query.Row{}
		r.CostPriced, r.Tokens[usage.Output], r.Unpriced = cost, tokens, unpriced
		return r
	}
	assert.Equal(t, "$0", costOf(row(0, 5, 0)).Text, "free")
	assert.Equal(t, "–", costOf(row(0, 5, 1)).Text, "unknown")
	assert.Equal(t, "–", costOf(row(0, 0, 0)).Text, "a database")
	assert.Equal(t, "$2.00", costOf(row(2e9, 5, 1)).Text, "partly known")
}

func TestRatesAreReadable(t *testing.T) {
	for parts, want := range map[int64]string{
		0: "0 %", 1: "<0.01 %", 49_999: "<0.01 %", 50_000: "0.01 %", 12_345_678: "1.23 %", 500_000_000: "50 %", 999_900_000: "99.99 %",
	} {
		assert.Equal(t, want, rate(query.Number{Parts: parts, Known: true}).Text, "%d", parts)
	}
	assert.Equal(t, "100 %", rate(query.Number{Whole: 1, Known: true}).Text)
	assert.Equal(t, "120 %", rate(query.Number{Whole: 1, Parts: 200_000_000, Known: true}).Text)
	assert.Equal(t, number{Text: "–", Exact: "no requests"}, rate(query.Number{}))
}

func TestDurationsAreReadable(t *testing.T) {
	for d, want := range map[time.Duration]string{
		1500 * time.Nanosecond: "1.5 µs", 999_499 * time.Nanosecond: "999 µs", 999_600 * time.Nanosecond: "1 ms",
		12_345 * time.Microsecond: "12.3 ms", 999_600 * time.Microsecond: "1 s", 1234 * time.Millisecond: "1.23 s",
		119 * time.Second: "119 s", 240 * time.Second: "4 min", 3 * time.Hour: "3 h", 40_000 * time.Hour: "40,000 h",
	} {
		n := query.Number{Whole: int64(d / time.Second), Parts: int64(d % time.Second), Known: true}
		assert.Equal(t, want, seconds(n).Text, "%s", d)
	}
	assert.Equal(t, "–", seconds(query.Number{}).Text)
	assert.Equal(t, "–", seconds(query.Number{Known: true}).Text, "not measured")
}

func TestMomentsAreReadable(t *testing.T) {
	now := time.Date(2026, 11, 21, 16, 40, 12, 0, time.FixedZone("CET", 3600))
	for d, want := range map[time.Duration]string{
		-time.Second: "just now", 0: "just now", time.Second: "1 s ago", 119 * time.Second: "119 s ago", 2 * time.Minute: "2 min ago",
		119 * time.Minute: "119 min ago", 2 * time.Hour: "2 h ago", 47 * time.Hour: "47 h ago", 48 * time.Hour: "2 days ago",
	} {
		assert.Equal(t, want, moment(now.Add(-d), now, "never").Text, "%s", d)
	}
	got := moment(now.Add(-time.Hour).UTC(), now, "never")
	assert.Equal(t, number{"60 min ago", "2026-11-21 15:40:12 CET", "2026-11-21T14:40:12Z"}, got)
	assert.Equal(t, number{Text: "–", Exact: "never"}, moment(time.Time{}, now, "never"))
}

func float(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	assert.NoError(t, err)
	return v
}
